/** A step in the graph: its colour, name, cells, state and time; a button that selects it and goes to its first cell. */

import { Handle, type NodeProps, Position } from '@xyflow/react';
import * as React from 'react';

import { useChanges } from '../panel/hooks';
import { countOf } from '../panel/sorting';
import { staleSentence, standingOf } from '../panel/standing';
import type { IViewProps } from '../panel/view';
import { cellRanges } from '../panel/words';
import { useNow } from '../runs/hooks';
import { StateSign } from '../runs/parts';
import type { StepNodeType } from './elements';
import type { Direction } from './layout';

/** What nodes and edges know besides their own data. `active`: the step that Tab leads to. */
export interface IGraphContext extends IViewProps {
  readonly active: string | null;
  readonly direction: Direction;
  /** By step name. */
  readonly colours: ReadonlyMap<string, string>;
}

export const GraphContext = React.createContext<IGraphContext | null>(null);

export const StepNode = React.memo(function StepNode(
  props: NodeProps<StepNodeType>
): JSX.Element {
  const context = React.useContext(GraphContext);
  return context ? <Box {...context} node={props} /> : <></>;
});

function Box(
  props: IGraphContext & { node: NodeProps<StepNodeType> }
): JSX.Element {
  const { pipeline, services, active, direction, node } = props;
  const { trans, state } = services;
  const { runs } = pipeline;
  const { step } = node.data;
  useChanges(runs.changed);
  useChanges(state.changed);
  const isRunning = runs.step(step.id)?.state === 'RUNNING';
  const now = useNow(isRunning && runs.isLive);
  const standing = standingOf(step.id, runs, trans, now);
  const stale = staleSentence(standing, trans);
  const cells = trans._n(
    'cell %2',
    'cells %2',
    step.cells.length,
    cellRanges(step.cells)
  );
  const problems = countOf(
    (pipeline.analysis?.problems ?? []).filter(
      ({ diagnostic: { location } }) =>
        location.cell !== null && step.cells.includes(location.cell)
    )
  );
  const troubled = problems
    ? trans._n('%1 problem', '%1 problems', problems)
    : '';
  const label = [
    step.name,
    cells,
    standing.word,
    standing.time,
    troubled,
    stale
  ];
  const onClick = () => {
    state.select(step.id);
    const [first] = step.cells;
    if (first !== undefined) {
      void pipeline.reveal(first);
    }
  };
  const isDown = direction === 'down';
  return (
    <button
      type="button"
      className="nb2pipe-Node nodrag nopan"
      data-step={step.id}
      data-testid="nb2pipe-graph-node"
      data-look={standing.look ?? 'NONE'}
      data-selected={state.step === step.id}
      tabIndex={active === step.id ? 0 : -1}
      aria-label={label.filter(part => part !== '').join(', ')}
      aria-pressed={state.step === step.id}
      title={[step.name, stale].filter(part => part !== '').join('\n')}
      onClick={onClick}
    >
      <Handle
        type="target"
        position={isDown ? Position.Top : Position.Left}
        isConnectable={false}
      />
      <span
        className="nb2pipe-Node-bar"
        style={{ background: props.colours.get(step.name) }}
      />
      <span className="nb2pipe-Node-main">
        <span className="nb2pipe-Node-name">{step.name}</span>
        <span className="nb2pipe-Node-note">{cells}</span>
      </span>
      <span className="nb2pipe-Node-state">
        {standing.look ? <StateSign look={standing.look} /> : null}
        <span className="nb2pipe-Node-time">
          {standing.time || (problems ? <Count count={problems} /> : '')}
        </span>
      </span>
      <Handle
        type="source"
        position={isDown ? Position.Bottom : Position.Right}
        isConnectable={false}
      />
    </button>
  );
}

/** How many problems its cells have. */
function Count(props: { count: number }): JSX.Element {
  return <span className="nb2pipe-Badge">{props.count}</span>;
}
