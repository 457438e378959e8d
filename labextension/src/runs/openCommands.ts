/** The runs of open notebooks in; the commands that open outputs, debug steps and choose targets out. */

import type { MainAreaWidget } from '@jupyterlab/apputils';
import type { IRenderMimeRegistry } from '@jupyterlab/rendermime';
import { LabIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { CommandIDs } from './commandIds';
import {
  ARGS,
  type ICommandsOptions,
  current,
  stepsOf,
  textOf
} from './commands';
import type { Runs } from './model';
import type { Targets } from './targets';
import type { NotebookViewer } from './viewer';

type Arguments = ReadonlyPartialJSONObject;

/** Those that open something in the main area. */
export function addOpenCommands(
  options: ICommandsOptions,
  rendermime: IRenderMimeRegistry
): void {
  const { app, pipelines, trans } = options;
  const viewers = new Map<string, MainAreaWidget<NotebookViewer>>();
  app.commands.addCommand(CommandIDs.openOutput, {
    describedBy: { args: ARGS },
    label: trans.__('Open the Outputs of This Step'),
    isEnabled: () => current(pipelines)?.shown !== null,
    execute: async args => {
      const runs = current(pipelines);
      const run = textOf(args['run']) ?? runs?.shown?.run.id;
      if (runs && run !== undefined) {
        await telling(runs, async () => {
          const { openOutput } = await import('./opening');
          await openOutput(options, rendermime, viewers, runs, run, args);
        });
      }
    }
  });
  app.commands.addCommand(CommandIDs.debug, {
    describedBy: { args: ARGS },
    label: trans.__('Open This Step with Its Inputs'),
    isEnabled: () => current(pipelines)?.shown !== null,
    execute: async args => {
      const runs = current(pipelines);
      const run = textOf(args['run']) ?? runs?.shown?.run.id;
      const step =
        textOf(args['step']) ?? (runs ? stepsOf(runs, args)[0] : undefined);
      if (runs && run !== undefined && step !== undefined) {
        await telling(runs, async () => {
          const { openWithInputs } = await import('./debug');
          await openWithInputs(app, runs, run, step);
        });
      }
    }
  });
}

/** Those of the places where a pipeline can run. */
export function addTargetCommands(
  options: ICommandsOptions,
  targets: Targets
): void {
  const { app, pipelines, trans } = options;
  app.commands.addCommand(CommandIDs.chooseTarget, {
    describedBy: { args: ARGS },
    label: args => targetLabel(args, targets, trans),
    icon: args => DOTS[reachOf(args, targets)],
    isToggleable: true,
    isToggled: args =>
      current(pipelines)?.target === (textOf(args['name']) ?? ''),
    isEnabled: () => pipelines.current !== null,
    execute: async args => {
      const name = textOf(args['name']) ?? '';
      const runs = current(pipelines);
      const { capabilities } = targets;
      const { teachClusters } = await import('./clusterDialog');
      if (name !== '' && capabilities && !capabilities.kfp) {
        await teachClusters(capabilities.kfp_hint, trans);
      } else if (runs) {
        runs.target = name;
        runs.tell();
      }
    }
  });
  app.commands.addCommand(CommandIDs.targets, {
    describedBy: { args: ARGS },
    label: args => {
      const name = textOf(args['name']);
      if (name === undefined) {
        return args['add']
          ? trans.__('Add a Cluster…')
          : trans.__('Add a Cluster to Run On…');
      }
      return args['remove']
        ? trans.__('Remove “%1”…', name)
        : trans.__('Edit “%1”…', name);
    },
    execute: async args => {
      const name = textOf(args['name']);
      await targets.load();
      if (name !== undefined && args['remove']) {
        const { removeTarget } = await import('./removing');
        await removeTarget(name, options, targets);
        return;
      }
      const { capabilities } = targets;
      const { askForCluster, teachClusters } = await import('./clusterDialog');
      if (capabilities && !capabilities.kfp) {
        await teachClusters(capabilities.kfp_hint, trans);
        return;
      }
      const known = name === undefined ? null : (targets.find(name) ?? null);
      const kept = await askForCluster(targets, known, trans);
      const runs = current(pipelines);
      if (kept !== null && runs) {
        runs.target = kept;
        runs.tell();
      }
    }
  });
}

/** Do something; why it failed is told in the panel. */
async function telling(runs: Runs, act: () => Promise<unknown>): Promise<void> {
  try {
    await act();
  } catch (reason) {
    runs.report(reason);
  }
}

function targetLabel(
  args: Arguments,
  targets: Targets,
  trans: ICommandsOptions['trans']
): string {
  const name = textOf(args['name']);
  if (name === undefined) {
    return trans.__('This Machine');
  }
  switch (reachOf(args, targets)) {
    case 'ok':
      return trans.__('%1: it answers', name);
    case 'denied':
      return trans.__('%1: it needs a login', name);
    case 'away':
      return trans.__('%1: it does not answer', name);
    case 'asking':
      return trans.__('%1: being asked…', name);
    case 'unknown':
      return name;
  }
}

type Dot = 'ok' | 'denied' | 'away' | 'asking' | 'unknown';

function reachOf(args: Arguments, targets: Targets): Dot {
  const name = textOf(args['name']);
  if (name === undefined) {
    return 'ok';
  }
  const reached = targets.reached(name);
  return typeof reached === 'object' ? reached.reach : (reached ?? 'unknown');
}

/** A dot each, filled where it answers; the words beside it say the same. */
const DOTS: Readonly<Record<Dot, LabIcon>> = {
  ok: dot('ok', '<circle cx="8" cy="8" r="4"/>'),
  denied: dot('denied', '<circle cx="8" cy="8" r="4"/>'),
  away: dot(
    'away',
    '<circle cx="8" cy="8" r="3.5" fill="none" stroke-width="1.5"/>'
  ),
  asking: dot(
    'asking',
    '<circle cx="8" cy="8" r="3.5" fill="none" stroke-width="1.5" stroke-dasharray="3"/>'
  ),
  unknown: dot(
    'unknown',
    '<circle cx="8" cy="8" r="3.5" fill="none" stroke-width="1.5"/>'
  )
};

function dot(name: Dot, shape: string): LabIcon {
  const svgstr = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 16 16" width="16"><g class="nb2pipe-dot-${name}">${shape}</g></svg>`;
  return new LabIcon({ name: `nb2pipe:dot-${name}`, svgstr });
}
