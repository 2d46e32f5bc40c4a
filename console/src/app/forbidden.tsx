/** What whoever may not see a screen is shown instead. */
import { Page } from "@/kit/page";
import { Nothing } from "@/kit/states";
import { shell as text } from "@/strings/shell";

interface ForbiddenProps {
  /** The screen's name. */
  readonly name: string;
  readonly permission: string;
}

export default function Forbidden({ name, permission }: ForbiddenProps) {
  return (
    <Page title={name}>
      <Nothing title={text.forbidden} hint={text.forbiddenHint(permission)} />
    </Page>
  );
}
