/** The steps of a run as a graph that grows with it. */
import "@xyflow/react/dist/base.css";
import "./flow.css";
import { Box, Group, Select, Stack, Switch, Text, useComputedColorScheme } from "@mantine/core";
import { useReducedMotion } from "@mantine/hooks";
import { Controls, ReactFlow, ReactFlowProvider, useReactFlow, ViewportPortal } from "@xyflow/react";
import { useCallback, useEffect, useMemo, useRef, useState } from "react";
import { Nothing } from "@/kit/states";
import { inspect } from "@/strings/inspect";
import type { RunTabProps } from "../tab";
import classes from "./graph.module.css";
import { type Laid, laidOut, linesOf, NODE } from "./graph-layout";
import { StepBoxMemo, type StepNode } from "./graph-node";
import { nodesOf } from "./graph-nodes";
import { GraphPanel } from "./graph-panel";
import type { Outline } from "./outline";
import split from "./split.module.css";
import { useOutline } from "./use-outline";
import { useParams } from "./use-param";

const text = inspect.graph;
const TYPES = { step: StepBoxMemo };
const PRO = { hideAttribution: true };
/** Where steps can still be read. */
const ZOOM = { least: 0.03, legible: 0.7, most: 1.5 };

export default function GraphTab({ run, view }: RunTabProps) {
  const outline = useOutline(view);
  const [read, choose] = useParams();
  const open = useCallback((key: string | undefined) => choose({ step: key }), [choose]);
  const chosen = outline.byKey.get(read("step") ?? "");
  if (outline.parts.length === 0) return <Nothing title={inspect.noSteps} hint={inspect.noStepsHint} />;
  return (
    <Box className={split.columns ?? ""} data-open={chosen !== undefined}>
      <ReactFlowProvider>
        <Canvas outline={outline} chosen={chosen?.key} onOpen={open} />
      </ReactFlowProvider>
      {chosen && (
        <Box className={split.side ?? ""}>
          <GraphPanel part={chosen} outline={outline} runId={run.id} view={view} onOpen={open} />
        </Box>
      )}
    </Box>
  );
}

interface CanvasProps {
  readonly outline: Outline;
  readonly chosen: string | undefined;
  readonly onOpen: (key: string | undefined) => void;
}

function Canvas({ outline, chosen, onOpen }: CanvasProps) {
  const scheme = useComputedColorScheme("light");
  const laid = useMemo(() => laidOut(outline), [outline]);
  const [follows, setFollows] = useState(!outline.isOver);
  const place = useRef<HTMLDivElement>(null);
  const reveal = useReveal(laid);
  const kept = useRef(new Map<string, StepNode>());
  const nodes = useMemo(
    () => nodesOf(laid, chosen, { onOpen, onReveal: reveal }, kept.current),
    [laid, chosen, onOpen, reveal],
  );
  const lines = useMemo(() => linesOf(laid), [laid]);
  const active = outline.isOver ? undefined : activeOf(outline);
  useEffect(() => {
    if (follows && active !== undefined) reveal(active);
  }, [follows, active, reveal]);
  useEffect(() => {
    if (chosen !== undefined) reveal(chosen);
  }, [chosen, reveal]);
  const parts = outline.parts.map(({ key }) => ({ value: key, label: key }));
  return (
    <Stack gap="xs" miw={0}>
      <Group justify="space-between" gap="xs">
        <Text size="sm" c="dimmed" data-testid="graph-count">
          {text.steps(outline.parts.length)}
        </Text>
        <Group gap="sm">
          {!outline.isOver && (
            <Switch
              label={text.follow}
              checked={follows}
              onChange={({ currentTarget }) => setFollows(currentTarget.checked)}
            />
          )}
          <Select
            size="xs"
            searchable
            clearable
            limit={200}
            aria-label={text.find}
            placeholder={text.find}
            data={parts}
            value={chosen ?? null}
            onChange={(key) => onOpen(key ?? undefined)}
          />
        </Group>
      </Group>
      <div className={classes.canvas} ref={place} data-testid="graph">
        <ReactFlow
          nodes={nodes}
          nodeTypes={TYPES}
          colorMode={scheme}
          aria-label={text.label}
          onlyRenderVisibleElements
          nodesDraggable={false}
          nodesConnectable={false}
          nodesFocusable={false}
          elementsSelectable={false}
          minZoom={ZOOM.least}
          maxZoom={ZOOM.most}
          proOptions={PRO}
          onInit={(flow) => {
            const width = place.current?.clientWidth ?? laid.width;
            const zoom = Math.min(1, Math.max(ZOOM.legible, (width - 40) / laid.width));
            void flow.setViewport({ x: (width - laid.width * zoom) / 2, y: 16, zoom });
            const first = chosen ?? (follows ? active : undefined);
            if (first !== undefined) reveal(first);
          }}
          onMoveStart={(event) => event && setFollows(false)}
        >
          <ViewportPortal>
            <svg className={classes.lines} aria-hidden="true" data-testid="graph-lines">
              <path d={lines} />
            </svg>
          </ViewportPortal>
          <Controls showInteractive={false} />
        </ReactFlow>
      </div>
      <Text size="xs" c="dimmed">
        {text.help}
      </Text>
    </Stack>
  );
}

/** What the run is at: the step that the journal told of last, of those under way. */
function activeOf({ parts }: Outline): string | undefined {
  let found = parts[0];
  for (const part of parts) {
    const isOpen = part.end === null;
    if (found === undefined || isOpen > (found.end === null)) found = part;
    else if (isOpen === (found.end === null) && part.lastSeq >= found.lastSeq) found = part;
  }
  return found?.key;
}

/** Brings a step into the middle, where it is not in view already. */
function useReveal(laid: Laid): (key: string) => void {
  const flow = useReactFlow();
  const still = useReducedMotion();
  const latest = useRef(laid);
  latest.current = laid;
  return useCallback(
    (key) => {
      const node = latest.current.nodes.find((each) => each.key === key);
      const pane = document.querySelector(".react-flow");
      if (node === undefined || pane === null || !flow.viewportInitialized) return;
      const { x, y, zoom } = flow.getViewport();
      const left = node.left * zoom + x;
      const top = node.top * zoom + y;
      const isSeen =
        left >= 0 &&
        top >= 0 &&
        left + node.width * zoom <= pane.clientWidth &&
        top + NODE.height * zoom <= pane.clientHeight;
      if (isSeen) return;
      void flow.setCenter(node.left + node.width / 2, node.top + NODE.height / 2, {
        zoom: Math.max(zoom, ZOOM.legible),
        duration: still ? 0 : 250,
      });
    },
    [flow, still],
  );
}
