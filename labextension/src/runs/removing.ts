/** The name of a cluster in, forgotten if the user says so. Loaded when it is asked for. */

import { Dialog, showDialog } from '@jupyterlab/apputils';

import { troubleOf } from '../model/trouble';
import { current, type ICommandsOptions } from './commands';
import type { Targets } from './targets';

/** Ask, and forget its address. Runs of this notebook go here again if they went there. */
export async function removeTarget(
  name: string,
  options: ICommandsOptions,
  targets: Targets
): Promise<void> {
  const { pipelines, trans } = options;
  const answer = await showDialog({
    title: trans.__('Remove the cluster “%1”?', name),
    body: trans.__(
      'Only its address is forgotten here. Its runs stay where they are.'
    ),
    buttons: [
      Dialog.cancelButton({ label: trans.__('Cancel') }),
      Dialog.warnButton({ label: trans.__('Remove') })
    ]
  });
  if (!answer.button.accept) {
    return;
  }
  const runs = current(pipelines);
  try {
    await targets.remove(name);
    if (runs?.target === name) {
      runs.target = '';
      runs.tell();
    }
  } catch (reason) {
    if (!runs) {
      throw new Error(troubleOf(reason, trans).message);
    }
    runs.report(reason);
  }
}
