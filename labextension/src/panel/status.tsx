/** The status bar's item: how the run goes, else how many problems there are; it opens the panel. */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { CommandRegistry } from '@lumino/commands';
import type { TranslationBundle } from '@jupyterlab/translation';
import * as React from 'react';

import type { IPipelines } from '../tokens';
import { useChanges } from './hooks';

const Item = React.lazy(async () => ({
  default: (await import('./statusItem')).Item
}));

interface IStatusProps {
  readonly pipelines: IPipelines;
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
}

export class PipelineStatus extends ReactWidget {
  constructor(private readonly _props: IStatusProps) {
    super();
    this.addClass('nb2pipe-Status');
  }

  override render(): JSX.Element {
    return <Status {...this._props} />;
  }
}

function Status(props: IStatusProps): JSX.Element {
  const { pipelines } = props;
  useChanges(pipelines.currentChanged);
  const pipeline = pipelines.current;
  return pipeline ? (
    <React.Suspense fallback={null}>
      <Item key={pipeline.panel.id} {...props} pipeline={pipeline} />
    </React.Suspense>
  ) : (
    <></>
  );
}
