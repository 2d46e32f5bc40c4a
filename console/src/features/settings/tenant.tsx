/** One tenant: suspended, exported, erased; and how far that is. */
import { Anchor, Button, Text, TextInput } from "@mantine/core";
import { Link, useParams } from "@tanstack/react-router";
import { useState } from "react";
import { $api, client, type Schema } from "@/api/client";
import { ActButton } from "@/kit/act-button";
import { ConfirmByTyping, Sure } from "@/kit/confirm";
import { FormDialog } from "@/kit/form-dialog";
import { Moment } from "@/kit/moments";
import { Page } from "@/kit/page";
import { useRefresh } from "@/kit/refresh";
import { Section } from "@/kit/section";
import { Loaded } from "@/kit/states";
import { common } from "@/strings/common";
import { names } from "@/strings/names";
import { tenants as text } from "@/strings/settings";
import { TenantState } from "./parts/tenant-state";
import { TenantJobs } from "./tenant-jobs";

type Tenant = Schema<"Tenant">;
type Asked = "name" | "suspend" | "export" | "erase";

const PATH = "/api/v1/tenants";
const ONE = "/api/v1/tenants/{tenant_id}";

export default function TenantScreen() {
  const { tenantId = "" } = useParams({ strict: false }) as { tenantId?: string };
  const query = $api.useQuery("get", ONE, { params: { path: { tenant_id: tenantId } } });
  return <Loaded query={query}>{(tenant) => <Shown tenant={tenant} />}</Loaded>;
}

function Shown({ tenant }: { readonly tenant: Tenant }) {
  const refresh = useRefresh(PATH);
  const [asked, setAsked] = useState<Asked>();
  const close = () => setAsked(undefined);
  const params = { path: { tenant_id: tenant.id } };
  async function done(order: Promise<unknown>) {
    await order;
    await refresh();
    close();
  }
  return (
    <Page
      title={`${names.tenant} ${tenant.id}`}
      summary={
        <>
          {tenant.name} <TenantState status={tenant.status} />{" "}
          <Anchor component={Link} to="/settings/tenants" underline="always" size="sm">
            {text.toList}
          </Anchor>
        </>
      }
      actions={tenant.status !== "erased" && <Actions tenant={tenant} ask={setAsked} />}
    >
      <Text size="sm" component="div">
        {text.created} <Moment at={tenant.created_at} />
      </Text>
      <Section title={text.jobs}>
        <TenantJobs tenantId={tenant.id} />
      </Section>
      {asked === "name" && <Rename tenant={tenant} onClose={close} />}
      {asked === "suspend" && (
        <Sure
          title={text.suspendTitle(tenant.id)}
          what={text.suspendWhat}
          action={text.suspend}
          onSure={() => done(client.POST(`${ONE}/suspend`, { params }))}
          onClose={close}
        />
      )}
      <ConfirmByTyping
        opened={asked === "export"}
        title={text.exportTitle(tenant.id)}
        word={tenant.id}
        danger={text.export}
        onConfirm={() => done(client.POST(`${ONE}/export`, { params }))}
        onClose={close}
        what={text.exportWhat}
      />
      <ConfirmByTyping
        opened={asked === "erase"}
        title={text.eraseTitle(tenant.id)}
        word={tenant.id}
        danger={text.erase}
        onConfirm={() => done(client.POST(`${ONE}/erase`, { params, body: { confirm: tenant.id } }))}
        onClose={close}
        what={text.eraseWhat}
      />
    </Page>
  );
}

function Actions({ tenant, ask }: { readonly tenant: Tenant; readonly ask: (asked: Asked) => void }) {
  const refresh = useRefresh(PATH);
  async function resume() {
    await client.POST(`${ONE}/resume`, { params: { path: { tenant_id: tenant.id } } });
    await refresh();
  }
  const isSuspended = tenant.status === "suspended";
  return (
    <>
      <ActButton label={text.rename} onAct={() => ask("name")} />
      {isSuspended ? (
        <ActButton label={text.resume} onAct={resume} />
      ) : (
        <ActButton label={text.suspend} onAct={() => ask("suspend")} />
      )}
      <ActButton label={text.export} onAct={() => ask("export")} />
      <Button
        size="compact-sm"
        color="red"
        variant="light"
        disabled={!isSuspended}
        title={isSuspended ? undefined : text.eraseFirst}
        onClick={() => ask("erase")}
      >
        {text.erase}
      </Button>
    </>
  );
}

function Rename({ tenant, onClose }: { readonly tenant: Tenant; readonly onClose: () => void }) {
  const refresh = useRefresh(PATH);
  const [name, setName] = useState(tenant.name);
  async function send() {
    await client.PATCH(ONE, { params: { path: { tenant_id: tenant.id } }, body: { name: name.trim() } });
    await refresh();
    onClose();
  }
  return (
    <FormDialog
      title={text.renameTitle(tenant.id)}
      action={common.save}
      disabled={name.trim() === ""}
      onSubmit={send}
      onClose={onClose}
    >
      <TextInput
        label={text.name}
        value={name}
        onChange={(event) => setName(event.currentTarget.value)}
        maxLength={200}
        required
        data-autofocus
      />
    </FormDialog>
  );
}
