/** The versions of a prompt: all of them, and what one can choose from. */
import { $api, type Schema } from "@/api/client";
import { PAGES } from "@/kit/listing";
import { prompts as text } from "@/strings/prompts";

export function useVersions(part: string) {
  return $api.useInfiniteQuery(
    "get",
    "/api/v1/prompts/{name}/versions",
    { params: { path: { name: part }, query: { limit: 50 } } },
    PAGES,
  );
}

interface Choice {
  readonly value: string;
  readonly label: string;
}

/** Every version that can be chosen, the newest first: what an application ships is the last. */
export function useVersionChoices(prompt: Schema<"PromptShown">, part: string): readonly Choice[] {
  const { data } = useVersions(part);
  const labels = [...prompt.pointers].map((pointer) => [pointer.version, pointer.label] as const);
  const told = (id: string) => {
    const own = labels.filter(([version]) => version === id).map(([, label]) => label);
    return own.length === 0 ? text.version(id) : `${text.version(id)} (${own.join(", ")})`;
  };
  const numbers = (data?.pages ?? [])
    .flatMap(({ items }) => items)
    .map(({ number, id }) => String(number ?? id));
  const own = numbers.map((number) => ({ value: number, label: told(number) }));
  return prompt.shipped ? [...own, { value: "file", label: told(prompt.shipped) }] : own;
}
