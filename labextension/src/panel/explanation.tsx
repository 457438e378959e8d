/** What depends on what, and why: one edge, or all edges of a step. */

import * as React from 'react';

import type { Edge } from '../wire';
import { namesOf, neighboursOf } from './sorting';
import { Sentence } from './text';
import type { IViewProps } from './view';

/** Each reason of an edge, with its cells to go to. */
export function Reasons(props: IViewProps & { edge: Edge }): JSX.Element {
  const { edge, pipeline } = props;
  return (
    <ul className="nb2pipe-Reasons">
      {edge.reasons.map((reason, place) => (
        <li key={place}>
          <Sentence text={reason} pipeline={pipeline} />
        </li>
      ))}
    </ul>
  );
}

/** The edge that was chosen. */
export function EdgePane(props: IViewProps & { edge: Edge }): JSX.Element {
  const { edge, pipeline, services } = props;
  const { trans, state } = services;
  const names = namesOf(pipeline.analysis?.steps ?? []);
  const [source, target] = [edge.source, edge.target].map(
    id => names.get(id) ?? id
  );
  return (
    <section
      className="nb2pipe-EdgePane"
      aria-label={trans.__('Why %1 waits for %2', target, source)}
      data-testid="nb2pipe-panel-edge"
    >
      <header className="nb2pipe-PaneHead">
        <h3>
          <StepName {...props} id={edge.source} name={source ?? edge.source} />
          <span aria-hidden="true"> → </span>
          <StepName {...props} id={edge.target} name={target ?? edge.target} />
        </h3>
        <CloseButton
          label={trans.__('Close')}
          onClick={() => state.explain(null)}
        />
      </header>
      <p className="nb2pipe-Quiet">
        {edge.kind === 'order'
          ? trans.__('No value crosses: only the order matters.')
          : trans.__('%1 waits for %2 because of:', target, source)}
      </p>
      <Reasons {...props} edge={edge} />
    </section>
  );
}

function StepName(
  props: IViewProps & { id: string; name: string }
): JSX.Element {
  return (
    <button
      type="button"
      className="nb2pipe-Link"
      onClick={() => props.services.state.select(props.id)}
    >
      {props.name}
    </button>
  );
}

/** The steps before and after a step, each with its reasons; an edge can be chosen. */
export function Neighbours(
  props: IViewProps & { step: string }
): JSX.Element | null {
  const { pipeline, services, step } = props;
  const { trans } = services;
  const analysis = pipeline.analysis;
  if (!analysis) {
    return null;
  }
  const names = namesOf(analysis.steps);
  const { before, after } = neighboursOf(step, analysis.edges);
  return (
    <div className="nb2pipe-Neighbours">
      <EdgeList
        {...props}
        title={trans.__('Waits for')}
        none={trans.__('nothing: it can start at once')}
        edges={before}
        nameOf={edge => names.get(edge.source) ?? edge.source}
      />
      <EdgeList
        {...props}
        title={trans.__('Waited for by')}
        none={trans.__('nothing')}
        edges={after}
        nameOf={edge => names.get(edge.target) ?? edge.target}
      />
    </div>
  );
}

function EdgeList(
  props: IViewProps & {
    title: string;
    none: string;
    edges: readonly Edge[];
    nameOf: (edge: Edge) => string;
  }
): JSX.Element {
  const { title, edges, nameOf, none } = props;
  return (
    <div>
      <h4>{title}</h4>
      {edges.length === 0 && <p className="nb2pipe-Quiet">{none}</p>}
      {edges.map(edge => (
        <details key={`${edge.source} ${edge.target}`} className="nb2pipe-Edge">
          <summary>
            <span className="nb2pipe-Edge-name">{nameOf(edge)}</span>
            {edge.variables.map(name => (
              <code key={name}>{name}</code>
            ))}
          </summary>
          <Reasons
            pipeline={props.pipeline}
            services={props.services}
            edge={edge}
          />
        </details>
      ))}
    </div>
  );
}

/** A cross at the upper right. */
export function CloseButton(props: {
  label: string;
  onClick: () => void;
}): JSX.Element {
  return (
    <button
      type="button"
      className="nb2pipe-IconButton"
      aria-label={props.label}
      title={props.label}
      onClick={props.onClick}
    >
      <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
        <path d="M4.5 4.5l7 7M11.5 4.5l-7 7" />
      </svg>
    </button>
  );
}
