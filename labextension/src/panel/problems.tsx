/** The problems of a notebook, gravest first: what, where, how to mend it, and a button that does. */

import * as React from 'react';

import { Button } from '../runs/parts';
import type { Fix, Location, Problem } from '../wire';
import { applyFix } from './fixes';
import { useName } from './hooks';
import { Mark, severityTitle } from './mark';
import { grouped } from './sorting';
import { CellLink, Sentence } from './text';
import type { IViewProps } from './view';
import { Why } from './why';

export function ProblemsView(props: IViewProps): JSX.Element {
  const { pipeline, services } = props;
  const { trans } = services;
  const name = useName('nb2pipe-problems');
  const problems = pipeline.analysis?.problems ?? [];
  if (problems.length === 0) {
    return (
      <p className="nb2pipe-Nothing" data-testid="nb2pipe-problems-none">
        {trans.__(
          'Nothing stands in the way: the pipeline gives what the notebook gives from top to bottom.'
        )}
      </p>
    );
  }
  return (
    <div className="nb2pipe-Problems">
      {grouped(problems).map(group => (
        <section
          key={group.severity}
          aria-labelledby={`${name}-${group.severity}`}
        >
          <h3 id={`${name}-${group.severity}`}>
            {severityTitle(group.severity, group.problems.length, trans)}
          </h3>
          <ul>
            {group.problems.map((problem, place) => (
              <ProblemItem
                key={`${keyOf(problem)} ${place}`}
                {...props}
                problem={problem}
              />
            ))}
          </ul>
        </section>
      ))}
    </div>
  );
}

function keyOf({ diagnostic }: Problem): string {
  const { cell, line } = diagnostic.location;
  return `${diagnostic.code} ${cell} ${line} ${diagnostic.message}`;
}

function ProblemItem(props: IViewProps & { problem: Problem }): JSX.Element {
  const { problem, pipeline, services } = props;
  const { trans } = services;
  const { code, severity, message, hint, location } = problem.diagnostic;
  const [isOpen, setOpen] = React.useState(false);
  const [isLate, setLate] = React.useState(false);
  const onFix = (fix: Fix) => setLate(!applyFix(pipeline, fix));
  return (
    <li
      className="nb2pipe-Problem"
      data-testid="nb2pipe-problems-item"
      data-code={code}
    >
      <Mark severity={severity} />
      <div className="nb2pipe-Problem-body">
        <div className="nb2pipe-Problem-where">
          <Where {...props} location={location} />
          <button
            type="button"
            className="nb2pipe-Code nb2pipe-Link"
            aria-expanded={isOpen}
            title={trans.__('What %1 means', code)}
            onClick={() => setOpen(!isOpen)}
          >
            {code}
          </button>
        </div>
        <div className="nb2pipe-Problem-text">
          <Sentence text={message} pipeline={pipeline} />
        </div>
        {hint && (
          <div className="nb2pipe-Hint">
            <Sentence text={hint} pipeline={pipeline} />
          </div>
        )}
        {problem.fixes.length > 0 && (
          <div className="nb2pipe-Fixes">
            {problem.fixes.map((fix, place) => (
              <Button
                key={place}
                label={fix.title.replace(/`/g, '')}
                onClick={() => onFix(fix)}
                testid="nb2pipe-problems-fix"
              />
            ))}
          </div>
        )}
        {isLate && (
          <div role="alert" className="nb2pipe-Late">
            {trans.__('The cell is another one by now: nothing was changed.')}
          </div>
        )}
        {isOpen && <Why code={code} services={services} />}
      </div>
    </li>
  );
}

function Where(props: IViewProps & { location: Location }): JSX.Element {
  const { pipeline, services, location } = props;
  const { trans } = services;
  const { cell, line } = location;
  if (cell === null) {
    return <span>{trans.__('Whole notebook')}</span>;
  }
  return line === null ? (
    <CellLink
      pipeline={pipeline}
      cell={cell}
      text={trans.__('Cell %1', cell + 1)}
    />
  ) : (
    <CellLink
      pipeline={pipeline}
      cell={cell}
      line={line}
      text={trans.__('Cell %1 line %2', cell + 1, line)}
    />
  );
}
