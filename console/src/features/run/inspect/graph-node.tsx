/** A step in the graph: a button that opens it, alone or at the top of the box around what is in it. */
import { type Node, type NodeProps, type ReactFlowState, useStore } from "@xyflow/react";
import { memo } from "react";
import { durationOf } from "@/kit/moments";
import { inspect as text } from "@/strings/inspect";
import type { StepState, Verb } from "../journal";
import classes from "./graph.module.css";
import { LOOKS } from "./state-mark";

/** Plain values only, so that a step that has not changed is not drawn again. */
export interface StepData extends Record<string, unknown> {
  readonly name: string;
  readonly verb: Verb;
  readonly state: StepState;
  readonly milliseconds: number | null;
  readonly isScope: boolean;
  readonly isChosen: boolean;
  readonly onOpen: (key: string) => void;
  readonly onReveal: (key: string) => void;
}

export type StepNode = Node<StepData, "step">;

/** From so far away no word can be read, and hundreds of steps come into sight at once. */
const isFar = ({ transform: [, , zoom] }: ReactFlowState) => zoom < 0.4;

function StepBox({ id, data }: NodeProps<StepNode>) {
  const { name, verb, state, milliseconds, isScope, isChosen, onOpen, onReveal } = data;
  const { icon: Icon } = LOOKS[state];
  const word = text.states[state];
  const far = useStore(isFar);
  return (
    <div className={classes.box} data-state={state} data-scope={isScope} data-chosen={isChosen}>
      <button
        type="button"
        className={`${classes.step} nopan`}
        aria-pressed={isChosen}
        title={id}
        data-testid="graph-step"
        onClick={() => onOpen(id)}
        onFocus={(event) => event.currentTarget.matches(":focus-visible") && onReveal(id)}
      >
        <span className={classes.name}>{name}</span>
        {far || (
          <span className={classes.detail}>
            <Icon size={13} aria-hidden />
            <span>{word}</span>
            <span className={classes.faint}>{text.verbs[verb]}</span>
            {milliseconds !== null && <span className="numeric">{durationOf(milliseconds / 1000)}</span>}
          </span>
        )}
      </button>
    </div>
  );
}

export const StepBoxMemo = memo(StepBox);
