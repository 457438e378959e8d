/** The panel as a widget: the same in the side bar and in the main area. It watches the notebook while it is visible. */

import { ReactWidget } from '@jupyterlab/ui-components';
import type { IDisposable } from '@lumino/disposable';
import type { Message } from '@lumino/messaging';
import * as React from 'react';

import { pipelineIcon } from '../icons';
import type { IServices } from './view';

const Frame = React.lazy(async () => ({
  default: (await import('./frame')).Frame
}));

export class PipelinePanel extends ReactWidget {
  constructor(
    private readonly _services: IServices,
    id: string
  ) {
    super();
    const { trans, pipelines } = _services;
    this.id = id;
    this.addClass('nb2pipe-Panel');
    this.title.icon = pipelineIcon;
    this.title.caption = trans.__('Pipeline');
    this.node.setAttribute('role', 'region');
    this.node.setAttribute('aria-label', trans.__('Pipeline'));
    pipelines.currentChanged.connect(this._onCurrent, this);
  }

  override render(): JSX.Element {
    return this._wasShown ? (
      <React.Suspense fallback={null}>
        <Frame services={this._services} />
      </React.Suspense>
    ) : (
      <></>
    );
  }

  override dispose(): void {
    this._watch?.dispose();
    super.dispose();
  }

  protected override onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this._onSeen();
  }

  protected override onAfterAttach(message: Message): void {
    super.onAfterAttach(message);
    if (this.isVisible) {
      this._onSeen();
    }
  }

  protected override onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this._watch?.dispose();
    this._watch = null;
  }

  protected override onActivateRequest(): void {
    const tab = '[role=tab][aria-selected=true]';
    this.node.querySelector<HTMLElement>(tab)?.focus();
  }

  private _onSeen(): void {
    this._services.server.greet();
    this._wasShown = true;
    this.update();
    this._onCurrent();
  }

  private _onCurrent(): void {
    this._watch?.dispose();
    this._watch = this.isVisible
      ? (this._services.pipelines.current?.watch() ?? null)
      : null;
  }

  private _wasShown = false;
  private _watch: IDisposable | null = null;
}
