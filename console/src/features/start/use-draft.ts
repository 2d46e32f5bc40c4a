/** What is about to be sent: the chosen template and workflow, which stand in the address, and what was typed. */
import { useNavigate, useSearch } from "@tanstack/react-router";
import { useCallback, useEffect, useRef, useState } from "react";
import type { Schema } from "@/api/client";
import { sampleOf } from "@/kit/json-schema";
import { takingOf } from "./input";
import type { Template } from "./templates";

type Workflow = Schema<"WorkflowSummary">;

const USUAL = "mlops";

export interface Draft {
  readonly template: Template | undefined;
  readonly workflow: Workflow | undefined;
  readonly typed: string;
  /** What was typed before a template took its place. */
  readonly replaced: string | undefined;
  readonly type: (text: string) => void;
  readonly restore: () => void;
  readonly choose: (template: Template | undefined) => void;
  readonly take: (workflow: string) => void;
}

export function useDraft(templates: readonly Template[], workflows: readonly Workflow[]): Draft {
  const search = useSearch({ strict: false }) as { template?: unknown; workflow?: unknown };
  const navigate = useNavigate();
  const template = templates.find((item) => `${item.app}.${item.id}` === search.template);
  const workflow = workflowOf(workflows, template?.workflow ?? search.workflow);
  const filled = useRef("");
  const [typed, type] = useState("");
  const [replaced, setReplaced] = useState<string>();

  const go = useCallback(
    (to: { template?: string; workflow?: string }) =>
      void navigate({ to: ".", search: to as never, replace: true, resetScroll: false }),
    [navigate],
  );
  const fill = useCallback(
    (text: string) => {
      const isOwn = typed.trim() !== "" && typed !== filled.current;
      if (isOwn) setReplaced(typed);
      filled.current = text;
      type(text);
    },
    [typed],
  );

  const sought = template?.input;
  const isJson = workflow !== undefined && takingOf(workflow.input_schema).kind === "json";
  // biome-ignore lint/correctness/useExhaustiveDependencies: what was typed is no reason to fill in anything
  useEffect(() => {
    if (sought !== undefined) fill(sought);
    else if (workflow !== undefined && isJson) fill(sampleOf(workflow.input_schema));
  }, [sought, isJson, workflow?.name]);

  return {
    template,
    workflow,
    typed,
    replaced,
    type,
    restore: () => {
      if (replaced !== undefined) type(replaced);
      setReplaced(undefined);
    },
    choose: (item) => go(item ? { template: `${item.app}.${item.id}` } : {}),
    take: (name) => go({ workflow: name }),
  };
}

/** The named workflow, else the usual one, else the first. */
function workflowOf(workflows: readonly Workflow[], name: unknown): Workflow | undefined {
  const named = (wanted: unknown) => workflows.find((item) => item.name === wanted);
  return named(name) ?? named(USUAL) ?? workflows[0];
}
