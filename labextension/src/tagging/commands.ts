/** The commands of tagging: names, words, arguments. Each takes all it needs as arguments, for scripts and tests. */

import type { TranslationBundle } from '@jupyterlab/translation';
import type { CommandRegistry } from '@lumino/commands';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';

import { FIELDS } from '../notebook/fields';

/** The commands' names. */
export const CommandIDs = {
  tag: 'nb2pipe:tag-cell',
  untag: 'nb2pipe:untag-cell',
  merge: 'nb2pipe:merge-with-above',
  split: 'nb2pipe:split-step-here',
  rename: 'nb2pipe:rename-step',
  options: 'nb2pipe:set-step-options',
  suggest: 'nb2pipe:suggest-steps',
  next: 'nb2pipe:next-step',
  previous: 'nb2pipe:prev-step',
  goTo: 'nb2pipe:goto-step',
  headers: 'nb2pipe:toggle-headers'
} as const;

/** What commands need of their surroundings. */
export interface ICommandsOptions {
  readonly commands: CommandRegistry;
  readonly trans: TranslationBundle;
  readonly headers: { isShown: boolean };
  /** A notebook is open that can be edited. */
  hasNotebook(): boolean;
  /** One of its code cells is active. */
  hasCell(): boolean;
  /** Do it. */
  act(id: string, args: ReadonlyPartialJSONObject): Promise<unknown>;
}

interface ICommand {
  readonly id: string;
  readonly label: string;
  readonly caption: string;
  readonly args: ReadonlyJSONObject;
  readonly needsCell: boolean;
}

const CELLS = {
  type: 'array',
  items: { type: 'integer' },
  description: 'Code cells, counted from 0; the selected ones if left out.'
};
const TEXT = { type: 'string' };
const FLAG = { type: 'boolean' };

/** Add all commands. */
export function addCommands(options: ICommandsOptions): void {
  const { commands, trans, headers } = options;
  for (const command of [...editing(trans), ...moving(trans)]) {
    commands.addCommand(command.id, {
      label: command.label,
      caption: command.caption,
      isEnabled: () =>
        command.needsCell ? options.hasCell() : options.hasNotebook(),
      describedBy: { args: { type: 'object', properties: command.args } },
      execute: args => options.act(command.id, args)
    });
  }
  commands.addCommand(CommandIDs.headers, {
    label: trans.__('Show Steps Above Cells'),
    caption: trans.__('Show or hide the names and bars of steps'),
    isToggled: () => headers.isShown,
    describedBy: { args: { type: 'object', properties: { show: FLAG } } },
    execute: args => {
      const show = args['show'];
      headers.isShown = typeof show === 'boolean' ? show : !headers.isShown;
      commands.notifyCommandChanged(CommandIDs.headers);
    }
  });
}

function editing(trans: TranslationBundle): ICommand[] {
  return [
    {
      id: CommandIDs.tag,
      label: trans.__('Set Pipeline Step…'),
      caption: trans.__('Say which step the selected cells belong to'),
      args: { cells: CELLS, step: TEXT, role: TEXT, above: FLAG, follow: FLAG },
      needsCell: true
    },
    {
      id: CommandIDs.split,
      label: trans.__('Split Step Here…'),
      caption: trans.__('Start a new step at this cell'),
      args: { cells: CELLS, name: TEXT },
      needsCell: true
    },
    {
      id: CommandIDs.merge,
      label: trans.__('Merge Step with the One Above'),
      caption: trans.__('The cells of this step go on with the step above'),
      args: { cells: CELLS },
      needsCell: true
    },
    {
      id: CommandIDs.rename,
      label: trans.__('Rename Step…'),
      caption: trans.__('Give a step another name, wherever it stands'),
      args: { from: TEXT, to: TEXT },
      needsCell: true
    },
    {
      id: CommandIDs.options,
      label: trans.__('Step Options…'),
      caption: trans.__('CPU, memory, time limit and more of this step'),
      args: {
        cells: CELLS,
        step: TEXT,
        after: { type: 'array', items: TEXT },
        ...Object.fromEntries(FIELDS.map(field => [field, TEXT]))
      },
      needsCell: true
    },
    {
      id: CommandIDs.untag,
      label: trans.__('Remove Pipeline Tags'),
      caption: trans.__('Take the pipeline tags off the selected cells'),
      args: { cells: CELLS },
      needsCell: true
    },
    {
      id: CommandIDs.suggest,
      label: trans.__('Suggest Steps…'),
      caption: trans.__('Look at the code and propose where steps begin'),
      args: { again: FLAG, ask: FLAG },
      needsCell: false
    }
  ];
}

function moving(trans: TranslationBundle): ICommand[] {
  return [
    {
      id: CommandIDs.next,
      label: trans.__('Next Step'),
      caption: trans.__('Go to the first cell of the next step'),
      args: {},
      needsCell: false
    },
    {
      id: CommandIDs.previous,
      label: trans.__('Previous Step'),
      caption: trans.__(
        'Go to the first cell of this step, or of the one above'
      ),
      args: {},
      needsCell: false
    },
    {
      id: CommandIDs.goTo,
      label: trans.__('Go to Step…'),
      caption: trans.__('Choose a step and go to its first cell'),
      args: { step: TEXT },
      needsCell: false
    }
  ];
}
