/** The tenants of the installation. */
import { Button, TextInput } from "@mantine/core";
import { Link, useNavigate } from "@tanstack/react-router";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { FormDialog } from "@/kit/form-dialog";
import { type Column, PAGES, PagedListing } from "@/kit/listing";
import { Moment } from "@/kit/moments";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { Nothing } from "@/kit/states";
import { names } from "@/strings/names";
import { tenants as text } from "@/strings/settings";
import { TenantState } from "./parts/tenant-state";

type Tenant = Schema<"Tenant">;

const PATH = "/api/v1/tenants";

export default function TenantsScreen() {
  const query = $api.useInfiniteQuery("get", PATH, {}, PAGES);
  const [isMaking, setMaking] = useState(false);
  return (
    <Page
      title={names.tenants}
      summary={text.summary}
      actions={<Button onClick={() => setMaking(true)}>{text.create}</Button>}
    >
      <PagedListing
        query={query}
        label={names.tenants}
        columns={COLUMNS}
        keyOf={({ id }) => id}
        empty={<Nothing title={text.none} />}
      />
      {isMaking && <NewTenant onClose={() => setMaking(false)} />}
    </Page>
  );
}

function NewTenant({ onClose }: { readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  const navigate = useNavigate();
  const [id, setId] = useState("");
  const [name, setName] = useState("");
  async function send() {
    const { data } = await client.POST(PATH, { body: { id: id.trim(), name: name.trim() } });
    await refresh();
    if (data) await navigate({ to: "/settings/tenants/$tenantId", params: { tenantId: data.id } });
  }
  return (
    <FormDialog
      title={text.create}
      action={text.create}
      disabled={id.trim() === "" || name.trim() === ""}
      onSubmit={send}
      onClose={onClose}
    >
      <TextInput
        label={text.id}
        description={text.idHint}
        value={id}
        onChange={(event) => setId(event.currentTarget.value)}
        maxLength={63}
        spellCheck={false}
        required
        data-autofocus
      />
      <TextInput
        label={text.name}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={200}
        required
      />
    </FormDialog>
  );
}

const COLUMNS: Column<Tenant>[] = [
  {
    header: text.id,
    cell: ({ id }) => (
      <Link to="/settings/tenants/$tenantId" params={{ tenantId: id }} className="mono">
        {id}
      </Link>
    ),
  },
  { header: text.name, cell: ({ name }) => name },
  { header: text.status, cell: ({ status }) => <TenantState status={status} /> },
  { header: text.created, cell: ({ created_at }) => <Moment at={created_at} /> },
];
