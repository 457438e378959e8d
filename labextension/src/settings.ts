/** A setting file's content in, the settings of `schema/plugin.json` out: typed, never missing. */

/** What the user can set. The schema holds titles, descriptions and the same defaults. */
export interface ISettings {
  readonly showHeaders: boolean;
  readonly analyseWhileTyping: boolean;
  readonly graphDirection: 'down' | 'right';
}

/** The values in force where the registry gives none. */
export const DEFAULTS: ISettings = {
  showHeaders: true,
  analyseWhileTyping: true,
  graphDirection: 'down'
};

/** The values of a setting file, each by itself: a wrong one gives way to its default. */
export function settingsOf(
  given: Readonly<Record<string, unknown>>
): ISettings {
  const flag = (name: 'showHeaders' | 'analyseWhileTyping'): boolean => {
    const value = given[name];
    return typeof value === 'boolean' ? value : DEFAULTS[name];
  };
  return {
    showHeaders: flag('showHeaders'),
    analyseWhileTyping: flag('analyseWhileTyping'),
    graphDirection:
      given['graphDirection'] === 'right' ? 'right' : DEFAULTS.graphDirection
  };
}
