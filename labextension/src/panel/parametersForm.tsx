/** The parameters of a pipeline as a form: what is typed is checked in place and kept for the next run. */

import * as React from 'react';

import { Fold } from '../runs/parts';
import type { Parameter } from '../wire';
import { useName } from './hooks';
import { CellLink } from './text';
import { readingOf, textOf } from './values';
import type { IViewProps } from './view';

export function ParametersForm(props: IViewProps): JSX.Element | null {
  const { pipeline, services } = props;
  const { trans } = services;
  const parameters = pipeline.analysis?.parameters ?? [];
  if (parameters.length === 0) {
    return null;
  }
  const given = parameters.filter(item => pipeline.parameters.has(item.name));
  const title = given.length
    ? trans.__('Parameters (%1 of %2 changed)', given.length, parameters.length)
    : trans.__('Parameters (%1)', parameters.length);
  return (
    <Fold title={title} testid="nb2pipe-parameters-fold">
      <div className="nb2pipe-Parameters">
        {parameters.map(parameter => (
          <Field key={parameter.name} {...props} parameter={parameter} />
        ))}
        <p className="nb2pipe-Quiet">
          {trans.__('For runs from here. The notebook keeps its own values.')}
        </p>
      </div>
    </Fold>
  );
}

type FieldProps = IViewProps & { parameter: Parameter };

function Field(props: FieldProps): JSX.Element {
  const { parameter, pipeline, services } = props;
  const { trans } = services;
  const id = useName('nb2pipe-parameter');
  const text = pipeline.parameters.get(parameter.name);
  const isWrong = text !== undefined && readingOf(parameter, text).wrong;
  const set = (next: string) =>
    pipeline.setParameter(
      parameter.name,
      next === initial(parameter) ? null : next
    );
  return (
    <div
      className="nb2pipe-Parameter"
      data-testid="nb2pipe-parameters-field"
      data-name={parameter.name}
    >
      <label htmlFor={id}>
        <code>{parameter.name}</code>
        <span className="nb2pipe-Type">{typeWord(props)}</span>
      </label>
      <div className="nb2pipe-Parameter-row">
        {parameter.type === 'bool' && !parameter.nullable ? (
          <Choice id={id} text={text ?? initial(parameter)} set={set} />
        ) : (
          <input
            id={id}
            className="jp-mod-styled"
            type="text"
            spellCheck={false}
            autoComplete="off"
            value={text ?? initial(parameter)}
            placeholder={parameter.expression ?? undefined}
            aria-invalid={isWrong}
            aria-describedby={`${id}-told`}
            onChange={event => set(event.target.value)}
          />
        )}
        <button
          type="button"
          className="nb2pipe-IconButton"
          disabled={text === undefined}
          aria-label={trans.__(
            "Take the notebook's value of %1",
            parameter.name
          )}
          title={trans.__("Take the notebook's value")}
          onClick={() => pipeline.setParameter(parameter.name, null)}
        >
          <svg viewBox="0 0 16 16" width="16" height="16" aria-hidden="true">
            <path d="M3.5 8a4.5 4.5 0 1 0 1.6-3.4M3.2 2.6v2.9h2.9" />
          </svg>
        </button>
      </div>
      <div id={`${id}-told`} className="nb2pipe-Parameter-told">
        {isWrong ? (
          <span className="nb2pipe-Wrong" role="alert">
            {trans.__(
              'This is no %1. For example: %2',
              typeWord(props),
              example(parameter)
            )}
          </span>
        ) : (
          <Told {...props} isGiven={text !== undefined} />
        )}
      </div>
    </div>
  );
}

/** What stands below a field that is in order. */
function Told(props: FieldProps & { isGiven: boolean }): JSX.Element | null {
  const { parameter, pipeline, services, isGiven } = props;
  const { trans } = services;
  const link = (
    <CellLink
      pipeline={pipeline}
      cell={parameter.at.cell}
      line={parameter.at.line}
      text={trans.__('cell %1', parameter.at.cell + 1)}
    />
  );
  if (parameter.expression !== null && !isGiven) {
    return (
      <span className="nb2pipe-Quiet">
        {trans.__('computed:')} <code>{parameter.expression}</code> {link}
      </span>
    );
  }
  return isGiven ? (
    <span className="nb2pipe-Quiet">
      {trans.__('in the notebook:')}{' '}
      <code>
        {parameter.expression ?? textOf(parameter, parameter.default)}
      </code>{' '}
      {link}
    </span>
  ) : null;
}

function Choice(props: {
  id: string;
  text: string;
  set: (text: string) => void;
}): JSX.Element {
  return (
    <select
      id={props.id}
      className="jp-mod-styled"
      value={/^true$/i.test(props.text) ? 'True' : 'False'}
      onChange={event => props.set(event.target.value)}
    >
      {['True', 'False'].map(value => (
        <option key={value} value={value}>
          {value}
        </option>
      ))}
    </select>
  );
}

/** What stands in an untouched field: nothing for a computed one, whose expression shows through. */
function initial(parameter: Parameter): string {
  return parameter.expression !== null
    ? ''
    : textOf(parameter, parameter.default);
}

function example(parameter: Parameter): string {
  return textOf(parameter, parameter.default);
}

function typeWord(props: FieldProps): string {
  const { parameter, services } = props;
  return parameter.nullable && parameter.type !== 'any'
    ? services.trans.__('%1 or None', parameter.type)
    : parameter.type;
}
