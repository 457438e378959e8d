/** A button in, a menu below it out: what can be done with the pipeline besides running it. */

import { Menu } from '@lumino/widgets';

import { CommandIDs, type IServices } from './view';

/** Other parts' commands that belong here, where they are there. */
const OTHERS = [
  'nb2pipe:compile',
  'nb2pipe:verify',
  'nb2pipe:targets',
  'nb2pipe:toggle-headers'
] as const;

export function openMenu(services: IServices, button: HTMLElement): void {
  const { commands } = services;
  const menu = new Menu({ commands });
  const add = (command: string) => {
    if (commands.hasCommand(command)) {
      menu.addItem({ command });
    }
  };
  add(CommandIDs.analyse);
  add(CommandIDs.suggest);
  menu.addItem({ type: 'separator' });
  OTHERS.forEach(add);
  menu.addItem({ type: 'separator' });
  add(CommandIDs.exportGraph);
  add(CommandIDs.openMain);
  menu.aboutToClose.connect(() => {
    requestAnimationFrame(() => menu.dispose());
  });
  const { left, bottom } = button.getBoundingClientRect();
  menu.open(left, bottom);
}
