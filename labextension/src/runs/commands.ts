/** The pipelines of open notebooks in; the commands that run, stop and show runs out, for palette, menus and scripts. */

import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';

import { runPipelineIcon } from '../icons';
import type { IPipelines } from '../tokens';
import { CommandIDs } from './commandIds';
import type { IManner, Runs } from './model';
import { runsOf } from './own';

/** The panel's own command to show one of its tabs. */
const SHOW_TAB = 'nb2pipe:show-tab';

type Arguments = ReadonlyPartialJSONObject;

/** What the commands of this area share. */
export interface ICommandsOptions {
  app: JupyterFrontEnd;
  pipelines: IPipelines;
  trans: TranslationBundle;
}

/** Those that begin and stop something. The label tells what a command does; it is off where it can't. */
export function addRunCommands(options: ICommandsOptions): void {
  const { app, pipelines, trans } = options;
  const { commands } = app;
  const add = (
    id: string,
    label: string | ((args: Arguments) => string),
    isEnabled: (runs: Runs, args: Arguments) => boolean,
    execute: (runs: Runs, args: Arguments) => Promise<unknown>,
    more: Partial<CommandRegistry.ICommandOptions> = {}
  ): void => {
    commands.addCommand(id, {
      label,
      isEnabled: args => {
        const runs = current(pipelines);
        return runs !== null && isEnabled(runs, args);
      },
      execute: async args => {
        const runs = current(pipelines);
        return runs && execute(runs, args);
      },
      describedBy: { args: ARGS },
      ...more
    });
  };
  const showing = async (act: Promise<unknown>): Promise<void> => {
    showTab(app, null);
    await act;
  };
  add(
    CommandIDs.run,
    args =>
      args['all']
        ? trans.__('Run All Steps')
        : trans.__('Run Pipeline (What Changed)'),
    canStart,
    (runs, args) => showing(runs.start(args['all'] ? { force: true } : {})),
    {
      caption: trans.__('Run the steps of this notebook as a pipeline'),
      icon: args => (args['all'] ? undefined : runPipelineIcon)
    }
  );
  add(
    CommandIDs.runSelected,
    args =>
      withNames(pipelines, args, name =>
        trans.__('Run %1 and What It Needs', name)
      ),
    canStartSteps,
    (runs, args) => showing(runs.start({ only: stepsOf(runs, args) }))
  );
  add(
    CommandIDs.runFromHere,
    args =>
      withNames(pipelines, args, name => trans.__('Run From %1 On', name)),
    canStartSteps,
    (runs, args) => {
      const [since] = stepsOf(runs, args);
      return showing(
        since === undefined ? Promise.resolve() : runs.start({ since })
      );
    }
  );
  add(
    CommandIDs.runStepOnly,
    args =>
      withNames(pipelines, args, name => trans.__('Run %1 Once More', name)),
    canStartSteps,
    (runs, args) =>
      showing(runs.start({ only: stepsOf(runs, args), force: true }))
  );
  add(
    CommandIDs.stop,
    trans.__('Stop Pipeline'),
    runs => runs.isLive,
    runs => runs.stop()
  );
  add(
    CommandIDs.resume,
    trans.__('Go On with the Last Run'),
    runs => !runs.isLive && resumable(runs) !== undefined,
    (runs, args) => {
      const id = textOf(args['run']) ?? resumable(runs);
      return id === undefined ? Promise.resolve() : runs.resume(id);
    }
  );
  add(
    CommandIDs.verify,
    trans.__('Verify Against the Notebook'),
    runs => !runs.verifying.isLive,
    runs => {
      showTab(app, 'runs');
      return runs.verifying.start();
    }
  );
  add(
    CommandIDs.compile,
    trans.__('Compile and Download (YAML)'),
    runs => !runs.compiling.isBusy,
    async runs => {
      showTab(app, 'runs');
      const file = await runs.compiling.compile();
      if (file) {
        const { download } = await import('./compiling');
        download(file.name, file.content);
      }
    }
  );
  add(
    CommandIDs.showRuns,
    trans.__('Show Runs'),
    () => true,
    () => Promise.resolve(showTab(app, 'runs'))
  );
  add(
    CommandIDs.manner,
    args => mannerLabel(args, trans),
    () => true,
    (runs, args) => {
      const name = mannerOf(args);
      runs.manner = { ...runs.manner, [name]: !runs.manner[name] };
      return Promise.resolve();
    },
    {
      isToggleable: true,
      isToggled: args => current(pipelines)?.manner[mannerOf(args)] ?? false
    }
  );
}

/** The arguments of these commands, for those who write to the command registry. */
export const ARGS = {
  type: 'object',
  properties: {
    steps: { type: 'array', items: { type: 'string' } },
    step: { type: 'string' },
    run: { type: 'string' },
    name: { type: 'string' },
    all: { type: 'boolean' },
    add: { type: 'boolean' },
    remove: { type: 'boolean' },
    cell: { type: 'number' }
  }
} as const;

/** The runs of the notebook that the user looks at. */
export function current(pipelines: IPipelines): Runs | null {
  const pipeline = pipelines.current;
  return pipeline ? runsOf(pipeline) : null;
}

/** A text among arguments that anybody may have given. */
export function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value : undefined;
}

/** The steps that arguments name, else the one that the notebook's active cell belongs to. */
export function stepsOf(runs: Runs, args: Arguments): string[] {
  const given: unknown = args['steps'];
  const known = runs.pipeline.analysis?.steps ?? [];
  if (Array.isArray(given) && given.length > 0) {
    return given.filter(id => known.some(step => step.id === id)) as string[];
  }
  const position = runs.pipeline.panel.content.activeCellIndex;
  const cells = runs.pipeline.analysis?.cells ?? [];
  const step = cells.find(cell => cell.position === position)?.step;
  return step ? [step] : [];
}

/** Show the panel; with a tab, that one. Without the panel this does nothing. */
export function showTab(app: JupyterFrontEnd, tab: string | null): void {
  if (app.commands.hasCommand(SHOW_TAB)) {
    const args = tab === null ? {} : { tab };
    app.commands.execute(SHOW_TAB, args).catch(console.warn);
  }
}

function canStart(runs: Runs): boolean {
  const steps = runs.pipeline.analysis?.steps;
  return !runs.isLive && runs.busy === null && (!steps || steps.length > 0);
}

function canStartSteps(runs: Runs, args: Arguments): boolean {
  return canStart(runs) && stepsOf(runs, args).length > 0;
}

function resumable(runs: Runs): string | undefined {
  const last = runs.history[0]?.run;
  return last?.state === 'FAILED' || last?.state === 'CANCELED'
    ? last.id
    : undefined;
}

/** A label with the names of the steps, in quotes; the plain words of the palette where there are none. */
function withNames(
  pipelines: IPipelines,
  args: Arguments,
  label: (name: string) => string
): string {
  const runs = current(pipelines);
  const ids = runs ? stepsOf(runs, args) : [];
  const names = ids.map(
    id =>
      runs?.pipeline.analysis?.steps.find(step => step.id === id)?.name ?? id
  );
  const text = names.map(name => `“${name}”`).join(', ');
  return label(text || (runs?.trans.__('This Step') ?? ''));
}

function mannerOf(args: Arguments): keyof IManner {
  const name = args['name'];
  return name === 'safe' || name === 'isolated' ? name : 'force';
}

function mannerLabel(args: Arguments, trans: TranslationBundle): string {
  switch (mannerOf(args)) {
    case 'force':
      return trans.__('Run Unchanged Steps Too');
    case 'safe':
      return trans.__('One Step After the Other, in Notebook Order');
    case 'isolated':
      return trans.__('In a Copy of the Folder');
  }
}
