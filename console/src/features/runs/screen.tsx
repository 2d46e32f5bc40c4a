/** All runs. */
import { Table } from "@mantine/core";
import { Link } from "@tanstack/react-router";
import { $api } from "@/api/client";
import { StatusBadge } from "@/kit/badges";
import { Page } from "@/kit/page";
import { Loaded } from "@/kit/states";
import { names } from "@/strings/names";

export default function RunsScreen() {
  const query = $api.useQuery("get", "/api/v1/runs", { params: { query: { limit: 50 } } });
  return (
    <Page title={names.runs}>
      <Loaded query={query}>
        {(page) => (
          <Table>
            <Table.Tbody>
              {page.items.map((run) => (
                <Table.Tr key={run.id}>
                  <Table.Td>
                    <Link to="/runs/$runId" params={{ runId: run.id }}>
                      {run.workflow}
                    </Link>
                  </Table.Td>
                  <Table.Td>
                    <StatusBadge status={run.status} />
                  </Table.Td>
                </Table.Tr>
              ))}
            </Table.Tbody>
          </Table>
        )}
      </Loaded>
    </Page>
  );
}
