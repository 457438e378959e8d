/** JupyterLab's setting registry in, the settings in force and a signal for their changes out. */

import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ISettingRegistry } from '@jupyterlab/settingregistry';
import { Token } from '@lumino/coreutils';
import { type ISignal, Signal } from '@lumino/signaling';

import { DEFAULTS, type ISettings, settingsOf } from './settings';

/** The settings in force, and a signal for each change of them. */
export interface INb2pipeSettings {
  readonly current: ISettings;
  readonly changed: ISignal<INb2pipeSettings, ISettings>;
}

export const INb2pipeSettings = new Token<INb2pipeSettings>(
  'nb2pipe-lab:INb2pipeSettings',
  "The user's settings of the pipeline panel and of the step headers."
);

/** Holds the defaults until the registry has answered, and where there is none. */
class Settings implements INb2pipeSettings {
  get current(): ISettings {
    return this._current;
  }

  get changed(): ISignal<INb2pipeSettings, ISettings> {
    return this._changed;
  }

  follow(settings: ISettingRegistry.ISettings): void {
    settings.changed.connect(this._onChanged, this);
    this._onChanged(settings);
  }

  private _onChanged(settings: ISettingRegistry.ISettings): void {
    this._current = settingsOf(settings.composite);
    this._changed.emit(this._current);
  }

  private _current = DEFAULTS;
  private _changed = new Signal<INb2pipeSettings, ISettings>(this);
}

/** The plugin that the setting schema belongs to. */
export const settingsPlugin: JupyterFrontEndPlugin<INb2pipeSettings> = {
  id: 'nb2pipe-lab:plugin',
  description: 'The settings of the pipeline panel and of the step headers.',
  autoStart: true,
  optional: [ISettingRegistry],
  provides: INb2pipeSettings,
  activate: (
    _app: JupyterFrontEnd,
    registry: ISettingRegistry | null
  ): INb2pipeSettings => {
    const settings = new Settings();
    registry
      ?.load(settingsPlugin.id)
      .then(loaded => settings.follow(loaded))
      .catch((reason: unknown) => {
        console.warn('nb2pipe: its settings were not loaded.', reason);
      });
    return settings;
  }
};
