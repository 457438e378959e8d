/** A step in; what enters and leaves it out, with types and sizes as this run measured them. */

import * as React from 'react';

import type { StepRun, StepView, VariableView } from '../wire';
import { size } from './format';
import type { Runs } from './model';
import { Fold } from './parts';

/** The inputs and outputs of a step. */
export function Variables(props: {
  runs: Runs;
  step: StepRun | undefined;
  view: StepView | undefined;
}): JSX.Element | null {
  const { runs, step, view } = props;
  const { trans } = runs;
  if (!view || view.inputs.length + view.outputs.length === 0) {
    return null;
  }
  const names = new Map(
    runs.pipeline.analysis?.steps.map(item => [item.id, item.name])
  );
  const row = (item: VariableView, isOutput: boolean): JSX.Element => {
    const stored = isOutput
      ? step?.values[item.name]
      : item.steps
          .map(id => runs.step(id)?.values[item.name])
          .find(value => value !== undefined);
    return (
      <tr key={item.name}>
        <td className="nb2pipe-Code">{item.name}</td>
        <td>{stored?.type ?? item.type}</td>
        <td className="nb2pipe-Number">
          {size(stored?.size_bytes ?? item.size_bytes)}
        </td>
        <td>{item.steps.map(id => names.get(id) ?? id).join(', ')}</td>
      </tr>
    );
  };
  const table = (
    title: string,
    other: string,
    items: readonly VariableView[],
    isOutput: boolean
  ): JSX.Element | null =>
    items.length ? (
      <table className="nb2pipe-Table">
        <caption>{title}</caption>
        <thead>
          <tr>
            <th scope="col">{trans.__('Name')}</th>
            <th scope="col">{trans.__('Type')}</th>
            <th scope="col" className="nb2pipe-Number">
              {trans.__('Size')}
            </th>
            <th scope="col">{other}</th>
          </tr>
        </thead>
        <tbody>{items.map(item => row(item, isOutput))}</tbody>
      </table>
    ) : null;
  return (
    <Fold
      title={trans.__('Inputs and outputs')}
      open
      testid="nb2pipe-step-variables"
    >
      {table(trans.__('In'), trans.__('From'), view.inputs, false)}
      {table(trans.__('Out'), trans.__('Read by'), view.outputs, true)}
    </Fold>
  );
}
