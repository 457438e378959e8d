/** A notebook's pipeline in, its line in the status bar out. Loaded with the first notebook. */

import '../../style/status.css';

import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import * as React from 'react';

import { pipelineIcon } from '../icons';
import type { INotebookPipeline } from '../tokens';
import { useChanges } from './hooks';
import { CommandIDs } from './view';

export function Item(props: {
  pipeline: INotebookPipeline;
  commands: CommandRegistry;
  trans: TranslationBundle;
}): JSX.Element {
  const { pipeline, commands, trans } = props;
  useChanges(pipeline.changed);
  useChanges(pipeline.runs.changed);
  const text = textOf(pipeline, trans);
  return (
    <button
      type="button"
      className="nb2pipe-Status-button"
      title={trans.__('Pipeline: %1', text)}
      data-testid="nb2pipe-status-item"
      onClick={() => void commands.execute(CommandIDs.showTab, {})}
    >
      <pipelineIcon.react tag="span" className="nb2pipe-Status-icon" />
      {text}
    </button>
  );
}

function textOf(pipeline: INotebookPipeline, trans: TranslationBundle): string {
  const { runs, analysis } = pipeline;
  if (runs.isLive && runs.shown) {
    const { steps } = runs.shown.run;
    const done = steps.filter(
      step => !['PENDING', 'RUNNING', 'CANCELING'].includes(step.state)
    );
    return trans.__('running %1/%2', done.length, steps.length);
  }
  const errors = (analysis?.problems ?? []).filter(
    item => item.diagnostic.severity === 'error'
  );
  if (errors.length) {
    return trans._n('%1 error', '%1 errors', errors.length);
  }
  const count = analysis?.steps.length ?? 0;
  return count ? trans._n('%1 step', '%1 steps', count) : trans.__('Pipeline');
}
