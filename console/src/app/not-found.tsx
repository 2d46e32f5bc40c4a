import { Nothing } from "@/kit/states";
import { shell as text } from "@/strings/shell";

export function NotFound() {
  return <Nothing title={text.notFound} hint={text.notFoundHint} action={{ label: text.toStart, to: "/" }} />;
}
