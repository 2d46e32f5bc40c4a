/** How long entries are kept, and the legal holds under which none may leave. */
import { Badge, Button, Stack, Table, Text, TextInput } from "@mantine/core";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { useCan } from "@/app/session";
import { FormDialog } from "@/kit/form-dialog";
import { Moment } from "@/kit/moments";
import { Part } from "@/kit/part";
import { useRefresh } from "@/kit/refresh";
import { Loaded } from "@/kit/states";
import { Wide } from "@/kit/wide";
import { audit } from "@/strings/audit";

const text = audit.keeping;
const PATH = "/api/v1/audit/retention";
const MOST_DAYS = 36_500;

type Dialog = "days" | "hold" | Schema<"Hold"> | undefined;

export function KeepingPart() {
  const query = $api.useQuery("get", PATH);
  const canManage = useCan()("audit:manage");
  const [dialog, setDialog] = useState<Dialog>();
  const close = () => setDialog(undefined);
  return (
    <Loaded query={query}>
      {(keeping) => (
        <Stack gap="md">
          <Part
            title={text.title}
            actions={
              canManage && (
                <Button size="xs" variant="default" onClick={() => setDialog("days")}>
                  {text.set}
                </Button>
              )
            }
          >
            <Text data-testid="audit-keeping">
              {keeping.days === null ? text.forEver : text.days(keeping.days)}
            </Text>
            <Text size="sm" c="dimmed" className="numeric">
              {`${text.first}: ${keeping.first.toLocaleString()} · ${text.exported}: ${keeping.exported.toLocaleString()}`}
            </Text>
          </Part>
          <Part
            title={text.holds}
            hint={text.holdsHint}
            actions={
              canManage && (
                <Button size="xs" variant="default" onClick={() => setDialog("hold")}>
                  {text.hold}
                </Button>
              )
            }
          >
            <Holds holds={keeping.holds} onRelease={canManage ? setDialog : undefined} />
          </Part>
          {dialog === "days" && <DaysDialog days={keeping.days} onClose={close} />}
          {dialog === "hold" && <HoldDialog onClose={close} />}
          {typeof dialog === "object" && <ReleaseDialog hold={dialog} onClose={close} />}
        </Stack>
      )}
    </Loaded>
  );
}

interface HoldsProps {
  readonly holds: readonly Schema<"Hold">[];
  readonly onRelease: ((hold: Schema<"Hold">) => void) | undefined;
}

function Holds({ holds, onRelease }: HoldsProps) {
  if (holds.length === 0) return <Text c="dimmed">{text.noHolds}</Text>;
  return (
    <Wide label={text.holds} width={640}>
      <Table verticalSpacing="xs">
        <Table.Thead>
          <Table.Tr>
            <Table.Th>{text.reason}</Table.Th>
            <Table.Th>{text.madeBy}</Table.Th>
            <Table.Th>{text.madeAt}</Table.Th>
            <Table.Th>{text.released}</Table.Th>
          </Table.Tr>
        </Table.Thead>
        <Table.Tbody>
          {holds.map((hold) => (
            <Table.Tr key={hold.id} data-testid="audit-hold">
              <Table.Td>{hold.reason}</Table.Td>
              <Table.Td>{hold.made_by}</Table.Td>
              <Table.Td>
                <Moment at={hold.made_at} />
              </Table.Td>
              <Table.Td>
                {hold.released_at ? (
                  <Moment at={hold.released_at} />
                ) : (
                  <HoldAction hold={hold} onRelease={onRelease} />
                )}
              </Table.Td>
            </Table.Tr>
          ))}
        </Table.Tbody>
      </Table>
    </Wide>
  );
}

interface HoldActionProps {
  readonly hold: Schema<"Hold">;
  readonly onRelease: ((hold: Schema<"Hold">) => void) | undefined;
}

function HoldAction({ hold, onRelease }: HoldActionProps) {
  if (!onRelease)
    return (
      <Badge color="amber" variant="light">
        {text.inForce}
      </Badge>
    );
  return (
    <Button size="compact-xs" variant="default" onClick={() => onRelease(hold)}>
      {text.release}
    </Button>
  );
}

interface DialogProps {
  readonly onClose: () => void;
}

/** A change of how entries are kept, after which all of it is asked anew. */
function useChange(onClose: () => void): (change: () => Promise<unknown>) => Promise<void> {
  const refresh = useRefresh(PATH);
  return async (change) => {
    await change();
    await refresh();
    onClose();
  };
}

function DaysDialog({ days, onClose }: DialogProps & { readonly days: number | null }) {
  const [typed, setTyped] = useState(days === null ? "" : String(days));
  const change = useChange(onClose);
  const wanted = typed.trim() === "" ? null : Number(typed);
  const isRight = wanted === null || (Number.isInteger(wanted) && wanted >= 1 && wanted <= MOST_DAYS);
  return (
    <FormDialog
      title={text.title}
      action={text.set}
      disabled={!isRight}
      onClose={onClose}
      onSubmit={() => change(() => client.PUT(PATH, { body: { days: wanted } }))}
    >
      <TextInput
        label={text.daysLabel}
        description={text.daysHint}
        inputMode="numeric"
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        error={isRight ? undefined : text.wrongDays}
        data-autofocus
      />
    </FormDialog>
  );
}

function HoldDialog({ onClose }: DialogProps) {
  const [reason, setReason] = useState("");
  const change = useChange(onClose);
  const isShort = reason.trim().length < 3;
  return (
    <FormDialog
      title={text.hold}
      action={text.hold}
      disabled={isShort}
      onClose={onClose}
      onSubmit={() => change(() => client.POST("/api/v1/audit/holds", { body: { reason: reason.trim() } }))}
    >
      <TextInput
        label={text.reason}
        description={text.holdsHint}
        value={reason}
        maxLength={500}
        onChange={(event) => setReason(event.currentTarget.value)}
        error={reason !== "" && isShort ? text.reasonShort : undefined}
        data-autofocus
      />
    </FormDialog>
  );
}

function ReleaseDialog({ hold, onClose }: DialogProps & { readonly hold: Schema<"Hold"> }) {
  const change = useChange(onClose);
  const params = { path: { hold_id: hold.id } };
  return (
    <FormDialog
      title={text.releaseAbout(hold.reason)}
      action={text.release}
      color="red"
      onClose={onClose}
      onSubmit={() => change(() => client.POST("/api/v1/audit/holds/{hold_id}/release", { params }))}
    >
      <Text size="sm">{text.releaseHint}</Text>
    </FormDialog>
  );
}
