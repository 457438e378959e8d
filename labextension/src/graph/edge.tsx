/** An edge in the graph: solid where a value crosses, dashed where only the order matters; its variables on demand. */

import { EdgeLabelRenderer, type EdgeProps } from '@xyflow/react';
import * as React from 'react';

import { useChanges } from '../panel/hooks';
import type { PanelState } from '../panel/state';
import type { LineType } from './elements';
import { GraphContext, type IGraphContext } from './node';

/** How many variables a label names; the rest is counted. */
const NAMED = 4;

export const StepEdge = React.memo(function StepEdge(
  props: EdgeProps<LineType>
): JSX.Element {
  const context = React.useContext(GraphContext);
  return context && props.data ? (
    <Line {...context} data={props.data} />
  ) : (
    <></>
  );
});

function Line(
  props: IGraphContext & { data: NonNullable<LineType['data']> }
): JSX.Element {
  const { data, services } = props;
  const { state, trans } = services;
  const { edge, path, middle } = data;
  useChanges(state.changed);
  const [isHovered, setHovered] = React.useState(false);
  const emphasis = emphasisOf(state, edge);
  const rest = edge.variables.length - NAMED;
  const named = edge.variables.slice(0, NAMED).join(', ');
  const label =
    edge.kind === 'order'
      ? trans.__('order')
      : rest > 0
        ? trans.__('%1 and %2 more', named, rest)
        : named;
  return (
    <>
      <g
        className="nb2pipe-Line"
        data-testid="nb2pipe-graph-edge"
        data-source={edge.source}
        data-target={edge.target}
        data-kind={edge.kind}
        data-emphasis={isHovered ? 'hovered' : emphasis}
        onMouseEnter={() => setHovered(true)}
        onMouseLeave={() => setHovered(false)}
      >
        <title>
          {edge.reasons.map(reason => reason.replace(/`/g, '')).join('\n')}
        </title>
        <path className="nb2pipe-Line-stroke" d={path} />
        <path className="nb2pipe-Line-head" d={data.head} />
        <path className="nb2pipe-Line-reach" d={path} />
      </g>
      {(isHovered || emphasis !== 'none') && (
        <EdgeLabelRenderer>
          <div
            className="nb2pipe-Line-label"
            data-emphasis={emphasis}
            style={{
              transform: `translate(-50%, -50%) translate(${middle.x}px, ${middle.y}px)`
            }}
          >
            {label}
          </div>
        </EdgeLabelRenderer>
      )}
    </>
  );
}

/** Chosen itself, at the chosen step, or none of both. */
function emphasisOf(
  state: PanelState,
  edge: { source: string; target: string }
): 'chosen' | 'near' | 'none' {
  const chosen = state.edge;
  if (chosen?.source === edge.source && chosen.target === edge.target) {
    return 'chosen';
  }
  const isNear =
    state.step !== null &&
    (state.step === edge.source || state.step === edge.target);
  return isNear ? 'near' : 'none';
}
