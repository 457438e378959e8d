/** The two menus of the panel's top in: which steps to run and how, and where. Native menus, made when they are opened. */

import { Menu } from '@lumino/widgets';

import { CommandIDs } from './commandIds';
import type { Runs } from './model';

/** The menu beside "Run pipeline". `selected`: the step that is selected in the panel. */
export function openRunMenu(
  runs: Runs,
  selected: string | null,
  below: HTMLElement
): void {
  const menu = new Menu({ commands: runs.commands });
  const steps = selected === null ? [] : [selected];
  menu.addItem({ command: CommandIDs.run });
  menu.addItem({ command: CommandIDs.run, args: { all: true } });
  menu.addItem({ type: 'separator' });
  menu.addItem({ command: CommandIDs.runSelected, args: { steps } });
  menu.addItem({ command: CommandIDs.runFromHere, args: { steps } });
  menu.addItem({ command: CommandIDs.runStepOnly, args: { steps } });
  menu.addItem({ type: 'separator' });
  for (const name of ['force', 'safe', 'isolated']) {
    menu.addItem({ command: CommandIDs.manner, args: { name } });
  }
  menu.addItem({ type: 'separator' });
  menu.addItem({ command: CommandIDs.verify });
  menu.addItem({ command: CommandIDs.compile });
  open(menu, below);
}

/** The menu of targets. Clusters are asked now whether they answer; the menu shows each answer as it comes. */
export function openTargetMenu(runs: Runs, below: HTMLElement): void {
  const { targets } = runs;
  const menu = new Menu({ commands: runs.commands });
  let listed = '';
  const fill = (): void => {
    const names = targets.all.map(target => target.name).join('\n');
    if (listed === names && menu.items.length > 0) {
      menu.update(); // an answer came: the place in the menu stays
      return;
    }
    listed = names;
    menu.clearItems();
    menu.addItem({ command: CommandIDs.chooseTarget, args: { name: '' } });
    for (const { name } of targets.all) {
      menu.addItem({ command: CommandIDs.chooseTarget, args: { name } });
    }
    menu.addItem({ type: 'separator' });
    menu.addItem({ command: CommandIDs.targets, args: { add: true } });
    if (targets.find(runs.target)) {
      const args = { name: runs.target };
      menu.addItem({ command: CommandIDs.targets, args });
      menu.addItem({
        command: CommandIDs.targets,
        args: { ...args, remove: true }
      });
    }
  };
  fill();
  open(menu, below);
  const update = (): void => {
    if (menu.isAttached) {
      fill();
    }
  };
  targets.changed.connect(update);
  menu.disposed.connect(() => targets.changed.disconnect(update));
  targets
    .load()
    .then(() => targets.reach())
    .catch(console.warn);
}

/** Open a menu below a button; it is disposed when it closes, and the button has the focus again. */
function open(menu: Menu, below: HTMLElement): void {
  const { left, bottom } = below.getBoundingClientRect();
  menu.aboutToClose.connect(() => {
    below.focus();
    // the item that was chosen is run after this signal
    requestAnimationFrame(() => menu.dispose());
  });
  menu.addClass('nb2pipe-Menu');
  menu.open(left, bottom);
}
