/** Signed heads: each can be checked against the newest, and so can one that somebody has kept. */
import { Alert, Badge, Button, Group, Stack, Text, Textarea } from "@mantine/core";
import { useMutation } from "@tanstack/react-query";
import { useState } from "react";
import { $api, type Schema } from "@/api/client";
import { useMe } from "@/app/session";
import { Copyable, CopyValue } from "@/kit/copyable";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Part } from "@/kit/part";
import { useRefresh } from "@/kit/refresh";
import { Failure, Nothing } from "@/kit/states";
import { audit as text } from "@/strings/audit";
import { checkHead, checkNote, type HeadState } from "./head-check";
import { noteOf } from "./heads";

const GOOD: readonly HeadState[] = ["goesOn", "isNewest"];
const UNSURE: readonly HeadState[] = ["otherKey", "unsupported"];

function StateBadge({ state }: { readonly state: HeadState }) {
  const colour = GOOD.includes(state) ? "green" : UNSURE.includes(state) ? "amber" : "red";
  const said = state === "ahead" ? text.badge.broken : text.heads[state];
  return (
    <Badge color={colour} variant="light" data-testid="head-state" data-state={state} role="status">
      {said}
    </Badge>
  );
}

export function HeadList() {
  const key = $api.useQuery("get", "/api/v1/audit/key");
  const refresh = useRefresh("/api/v1/audit/heads", "/api/v1/audit/key");
  const sign = $api.useMutation("post", "/api/v1/audit/heads", {
    onSuccess: () => refresh(),
  });
  const query = $api.useInfiniteQuery(
    "get",
    "/api/v1/audit/heads",
    { params: { query: { limit: 20 } } },
    PAGES,
  );
  const newest = query.data?.pages[0]?.items[0];
  const proof = (head: Schema<"Head">) =>
    newest && <HeadCheck head={head} newest={newest} publicKey={key.data} />;
  return (
    <Stack gap="md">
      <Part
        title={text.heads.title}
        hint={text.heads.hint}
        actions={
          <Button size="xs" onClick={() => sign.mutate({})} loading={sign.isPending}>
            {text.heads.sign}
          </Button>
        }
      >
        {sign.error && <Failure error={sign.error} retry={() => sign.mutate({})} />}
        {key.error && <Failure error={key.error} retry={() => void key.refetch()} />}
        <PagedListing
          query={query}
          label={text.heads.list}
          columns={[...COLUMNS, { header: text.heads.proof, cell: proof }]}
          keyOf={({ id }) => id}
          width={820}
          empty={<Nothing title={text.heads.none} hint={text.heads.noneHint} />}
        />
      </Part>
      <KeptHead newest={newest} publicKey={key.data} />
    </Stack>
  );
}

const COLUMNS: readonly Column<Schema<"Head">>[] = [
  { header: text.heads.size, className: "numeric", cell: ({ size }) => size.toLocaleString() },
  { header: text.heads.at, cell: ({ at }) => <Moment at={at} /> },
  {
    header: text.heads.root,
    cell: ({ root, note }) => (
      <Group gap={2} wrap="nowrap">
        <Text size="sm" className="mono">
          {root.slice(0, 12)}
        </Text>
        <CopyValue value={note} label={text.heads.copyNote} />
      </Group>
    ),
  },
  { header: text.heads.key, cell: ({ key_id }) => <Copyable value={key_id} shown={8} /> },
];

interface HeadCheckProps {
  readonly head: Schema<"Head">;
  readonly newest: Schema<"Head">;
  readonly publicKey: Schema<"PublicKey"> | undefined;
}

function HeadCheck({ head, newest, publicKey }: HeadCheckProps) {
  const tenantId = useMe()?.tenant_id;
  const { mutate, data, error, isPending } = useMutation({
    mutationFn: async () =>
      publicKey && tenantId ? checkHead(head, { newest, key: publicKey, tenantId }) : undefined,
  });
  if (data) return <StateBadge state={data} />;
  return (
    <>
      <Button
        size="compact-xs"
        variant="default"
        loading={isPending}
        disabled={!publicKey || !tenantId}
        onClick={() => mutate()}
        aria-label={text.heads.checkAbout(head.size)}
      >
        {text.heads.check}
      </Button>
      {error && <Failure error={error} retry={() => mutate()} />}
    </>
  );
}

interface KeptHeadProps {
  readonly newest: Schema<"Head"> | undefined;
  readonly publicKey: Schema<"PublicKey"> | undefined;
}

function KeptHead({ newest, publicKey }: KeptHeadProps) {
  const tenantId = useMe()?.tenant_id;
  const [typed, setTyped] = useState("");
  const note = noteOf(typed);
  const { mutate, data, error, isPending, reset } = useMutation({
    mutationFn: async () =>
      note && newest && publicKey && tenantId
        ? checkNote(note, { newest, key: publicKey, tenantId })
        : undefined,
  });
  const isReady = note !== undefined && newest !== undefined && publicKey !== undefined;
  return (
    <Part title={text.heads.kept} hint={text.heads.keptHint}>
      <Stack gap="xs" align="flex-start">
        <Textarea
          label={text.heads.keptLabel}
          value={typed}
          onChange={(event) => {
            setTyped(event.currentTarget.value);
            reset();
          }}
          error={typed.trim() !== "" && !note ? text.heads.noNote : undefined}
          autosize
          minRows={4}
          w="100%"
          maw={640}
          spellCheck={false}
          classNames={{ input: "mono" }}
        />
        <Button size="xs" disabled={!isReady} loading={isPending} onClick={() => mutate()}>
          {text.heads.keptCheck}
        </Button>
        {data && <StateBadge state={data} />}
        {data === "ahead" && note && (
          <Alert color="red" role="alert">
            {text.heads.ahead(note.tree.size)}
          </Alert>
        )}
        {error && <Failure error={error} retry={() => mutate()} />}
      </Stack>
    </Part>
  );
}
