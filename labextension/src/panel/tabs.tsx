/** Tabs as ARIA wants them: arrow keys move and choose, Tab goes on into what is chosen. */

import * as React from 'react';

export interface ITab<T extends string> {
  readonly id: T;
  readonly label: string;
  /** A number beside the label, and what it means; 0 is not shown. */
  readonly count?: number;
  readonly countLabel?: string;
}

export function Tabs<T extends string>(props: {
  name: string;
  label: string;
  tabs: ReadonlyArray<ITab<T>>;
  chosen: T;
  choose: (tab: T) => void;
  children: React.ReactNode;
}): React.JSX.Element {
  const { name, tabs, chosen, choose } = props;
  const list = React.useRef<HTMLDivElement>(null);
  const onKeyDown = (event: React.KeyboardEvent) => {
    const place = tabs.findIndex(tab => tab.id === chosen);
    const next = tabs[placeAfter(event.key, place, tabs.length)];
    if (next) {
      event.preventDefault();
      choose(next.id);
      list.current
        ?.querySelector<HTMLElement>(`#${name}-tab-${next.id}`)
        ?.focus();
    }
  };
  return (
    <>
      <div
        ref={list}
        className="nb2pipe-Tabs"
        role="tablist"
        aria-label={props.label}
        onKeyDown={onKeyDown}
      >
        {tabs.map(tab => (
          <button
            key={tab.id}
            id={`${name}-tab-${tab.id}`}
            type="button"
            role="tab"
            data-testid="nb2pipe-panel-tab"
            data-tab={tab.id}
            className="nb2pipe-Tab"
            aria-selected={tab.id === chosen}
            aria-controls={`${name}-panel`}
            tabIndex={tab.id === chosen ? 0 : -1}
            onClick={() => choose(tab.id)}
          >
            {tab.label}
            {tab.count ? (
              <span className="nb2pipe-Badge">
                <span aria-hidden="true">{tab.count}</span>
                <span className="nb2pipe-Unseen">, {tab.countLabel}</span>
              </span>
            ) : null}
          </button>
        ))}
      </div>
      <div
        id={`${name}-panel`}
        className={`nb2pipe-TabPanel nb2pipe-mod-${chosen}`}
        role="tabpanel"
        aria-labelledby={`${name}-tab-${chosen}`}
      >
        {props.children}
      </div>
    </>
  );
}

/** The place that a key leads to; -1 if it is no key of a tab list. */
function placeAfter(key: string, place: number, count: number): number {
  switch (key) {
    case 'ArrowRight':
      return (place + 1) % count;
    case 'ArrowLeft':
      return (place - 1 + count) % count;
    case 'Home':
      return 0;
    case 'End':
      return count - 1;
    default:
      return -1;
  }
}
