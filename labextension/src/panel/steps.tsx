/** The graph as a tree for keyboard and screen reader: steps, and below each what it waits for and why. */

import * as React from 'react';

import { coloursOf } from '../colours';
import { Button, StateSign } from '../runs/parts';
import type { Analysis, StepView } from '../wire';
import { useChanges } from './hooks';
import { namesOf, neighboursOf } from './sorting';
import { staleSentence, standingOf } from './standing';
import { type IRow, keyed, rowsOf } from './tree';
import type { IViewProps } from './view';
import { cellRanges } from './words';

export function StepsView(props: IViewProps): JSX.Element {
  const { pipeline, services } = props;
  const { state, trans } = services;
  useChanges(state.changed);
  useChanges(pipeline.runs.changed);
  const [open, setOpen] = React.useState<ReadonlySet<string>>(new Set());
  const [marked, setMarked] = React.useState<readonly string[]>([]);
  const [active, setActive] = React.useState(0);
  const tree = React.useRef<HTMLUListElement>(null);
  const { analysis } = pipeline;
  if (!analysis) {
    return <></>;
  }
  const rows = rowsOf(analysis, open);
  const place = Math.min(active, rows.length - 1);
  const isThere = (id: string) => analysis.steps.some(step => step.id === id);
  // what is selected in the graph is selected here
  const chosen =
    state.step === null || marked.includes(state.step)
      ? marked.filter(isThere)
      : [state.step].filter(isThere);
  const go = (to: number) => {
    setActive(to);
    const row = tree.current?.querySelectorAll<HTMLElement>('[role=treeitem]');
    row?.[to]?.focus();
  };
  const toggle = (step: string) => {
    const next = new Set(open);
    if (!next.delete(step)) {
      next.add(step);
    }
    setOpen(next);
  };
  const pick = (row: IRow, adds: boolean) => {
    state.select(row.step);
    setMarked(
      !adds
        ? [row.step]
        : chosen.includes(row.step)
          ? chosen.filter(id => id !== row.step)
          : [...chosen, row.step]
    );
  };
  const onKeyDown = (event: React.KeyboardEvent) => {
    const row = rows[place];
    const done = row && keyed(event.key, rows, place, open);
    if (!row || !done) {
      return;
    }
    event.preventDefault();
    event.stopPropagation();
    if (done.kind === 'go') {
      go(done.place);
    } else if (done.kind === 'toggle') {
      toggle(row.step);
    } else if (done.kind === 'pick') {
      pick(row, true);
    } else {
      pick(row, event.ctrlKey || event.metaKey);
      void pipeline.reveal(row.cell);
    }
  };
  return (
    <div className="nb2pipe-Steps">
      <div className="nb2pipe-Steps-bar">
        <RunButtons {...props} ids={chosen} />
      </div>
      <ul
        ref={tree}
        role="tree"
        aria-label={trans.__('Steps')}
        aria-multiselectable="true"
        className="nb2pipe-Tree"
        onKeyDown={onKeyDown}
      >
        {rows.map((row, at) => (
          <Row
            key={row.key}
            {...props}
            analysis={analysis}
            row={row}
            isOpen={open.has(row.step)}
            isActive={at === place}
            isMarked={row.kind === 'step' && chosen.includes(row.step)}
            onFocus={() => setActive(at)}
            onClick={event => {
              setActive(at);
              pick(row, event.ctrlKey || event.metaKey);
              if (!event.ctrlKey && !event.metaKey) {
                void pipeline.reveal(row.cell);
              }
            }}
            onToggle={() => toggle(row.step)}
          />
        ))}
      </ul>
    </div>
  );
}

interface IRowProps extends IViewProps {
  analysis: Analysis;
  row: IRow;
  isOpen: boolean;
  isActive: boolean;
  isMarked: boolean;
  onClick: (event: React.MouseEvent) => void;
  onFocus: () => void;
  onToggle: () => void;
}

function Row(props: IRowProps): JSX.Element {
  const { row, isOpen, isActive, isMarked, onClick, onFocus } = props;
  const common = {
    role: 'treeitem',
    tabIndex: isActive ? 0 : -1,
    'data-testid': `nb2pipe-steps-${row.kind}`,
    'data-step': row.step,
    onClick,
    onFocus
  };
  return row.kind === 'step' ? (
    <li
      {...common}
      className="nb2pipe-Tree-step"
      aria-level={1}
      aria-expanded={isOpen}
      aria-selected={isMarked}
    >
      <StepRow {...props} />
    </li>
  ) : (
    <li {...common} className="nb2pipe-Tree-reason" aria-level={2}>
      <span className="nb2pipe-Quiet">{row.lead}</span>
      <span>{row.text}</span>
    </li>
  );
}

function StepRow(props: IRowProps): JSX.Element {
  const { row, analysis, pipeline, services, isOpen, onToggle } = props;
  const { trans } = services;
  const step = analysis.steps.find(item => item.id === row.step);
  if (!step) {
    return <></>;
  }
  const standing = standingOf(step.id, pipeline.runs, trans, Date.now());
  return (
    <>
      <span
        className="nb2pipe-Tree-twist"
        aria-hidden="true"
        data-open={isOpen}
        onClick={event => {
          event.stopPropagation();
          onToggle();
        }}
      >
        <svg viewBox="0 0 16 16" width="16" height="16">
          <path d="M6 4l4 4-4 4" />
        </svg>
      </span>
      <span
        className="nb2pipe-Tree-bar"
        style={{ background: coloursOf(analysis).get(step.name) }}
      />
      <span className="nb2pipe-Tree-main">
        <span className="nb2pipe-Tree-name">{step.name}</span>
        <span className="nb2pipe-Quiet">
          {trans._n(
            'cell %2',
            'cells %2',
            step.cells.length,
            cellRanges(step.cells)
          )}
          {summary(step, analysis, props)}
        </span>
      </span>
      <span
        className="nb2pipe-Tree-state"
        title={staleSentence(standing, trans)}
      >
        <span className="nb2pipe-Quiet">{standing.time}</span>
        {standing.look && <StateSign look={standing.look} />}
        <span className="nb2pipe-Unseen">, {standing.word}</span>
        {standing.stale !== null && (
          <span className="nb2pipe-Unseen">
            . {staleSentence(standing, trans)}
          </span>
        )}
      </span>
    </>
  );
}

/** Buttons to run some steps, or all from one on. */
function RunButtons(
  props: IViewProps & { ids: readonly string[] }
): JSX.Element {
  const { ids, pipeline, services } = props;
  const { trans } = services;
  const { runs } = pipeline;
  const [since] = ids;
  const isOff = ids.length === 0 || runs.isLive;
  return (
    <div className="nb2pipe-Actions">
      <Button
        label={
          ids.length > 1
            ? trans._n('Run %1 step', 'Run %1 steps', ids.length)
            : trans.__('Run step')
        }
        title={trans.__('Run what is selected, and the steps that it needs')}
        disabled={isOff}
        onClick={() => void runs.start({ only: ids })}
        testid="nb2pipe-steps-run"
      />
      <Button
        label={trans.__('Run from here')}
        title={trans.__('Run it and all that depends on it')}
        disabled={isOff || ids.length !== 1}
        onClick={() => since !== undefined && void runs.start({ since })}
        testid="nb2pipe-steps-run-from"
      />
    </div>
  );
}

/** What a step waits for, in few words. */
function summary(
  step: StepView,
  analysis: Analysis,
  props: IViewProps
): string {
  const { trans } = props.services;
  const names = namesOf(analysis.steps);
  const { before } = neighboursOf(step.id, analysis.edges);
  const sources = before.map(edge => names.get(edge.source) ?? edge.source);
  return sources.length ? ` · ${trans.__('after %1', sources.join(', '))}` : '';
}
