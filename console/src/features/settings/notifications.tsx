/** Where messages go that tell people of something, and what became of them. */
import { useCan } from "@/app/session";
import { Page } from "@/kit/page";
import { notifying as text } from "@/strings/installation";
import { names } from "@/strings/names";
import { Deliveries } from "./deliveries";
import { Targets } from "./targets";

export default function NotificationsScreen() {
  const mayManage = useCan()("notifications:manage");
  return (
    <Page title={names.notifications} summary={text.summary}>
      {mayManage && <Targets />}
      <Deliveries />
    </Page>
  );
}
