/** A run in, what it showed out, in the main area, to read. Loaded when it is asked for. */

import type { MainAreaWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { type ICommandsOptions, textOf } from './commands';
import { moment } from './format';
import type { Runs } from './model';
import { type NotebookViewer, viewerWidget } from './viewer';

/** Open the outputs of a run or, if the arguments name a step, of that; a viewer that is open already shows them anew. */
export async function openOutput(
  options: ICommandsOptions,
  rendermime: IRenderMimeRegistry,
  viewers: Map<string, MainAreaWidget<NotebookViewer>>,
  runs: Runs,
  run: string,
  args: ReadonlyPartialJSONObject
): Promise<void> {
  const { app, trans } = options;
  const step = textOf(args['step']);
  const key = step === undefined ? run : `${run}-${step}`;
  const path = runs.pipeline.path;
  const notebook =
    step === undefined
      ? await runs.client.runNotebook(run, path)
      : await runs.client.stepNotebook(run, step, path);
  let widget = viewers.get(key);
  if (widget && !widget.isDisposed) {
    widget.content.showNotebook(notebook);
  } else {
    const view = runs.history.find(item => item.run.id === run);
    const found = view?.run.steps.find(item => item.id === step);
    const when = view ? moment(view.run.started_at, new Date()) : run;
    const name = found?.name ?? path.split('/').pop() ?? path;
    widget = viewerWidget({
      key,
      title: trans.__('%1, run of %2', name, when),
      note: trans.__(
        'To read only: what %1 showed in the run of %2. The notebook itself is not changed.',
        name,
        when
      ),
      notebook,
      rendermime,
      trans
    });
    widget.disposed.connect(() => viewers.delete(key));
    viewers.set(key, widget);
    app.shell.add(widget, 'main', { mode: 'tab-after' });
  }
  app.shell.activateById(widget.id);
  const cell = args['cell'];
  if (typeof cell === 'number') {
    requestAnimationFrame(() => widget.content.reveal(cell));
  }
}
