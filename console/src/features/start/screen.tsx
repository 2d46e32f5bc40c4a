/** Where one begins. */
import { Page } from "@/kit/page";
import { names } from "@/strings/names";

export default function StartScreen() {
  return <Page title={names.start}>{null}</Page>;
}
