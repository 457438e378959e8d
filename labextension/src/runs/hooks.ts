/** What changes over time in, React's state out. */

import { type RefObject, useEffect, useRef, useState } from 'react';

import type { Runs } from './model';

/** The time in ms, told each second while `isTicking`. */
export function useNow(isTicking: boolean): number {
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!isTicking) {
      return;
    }
    setNow(Date.now());
    const timer = window.setInterval(() => setNow(Date.now()), 1000);
    return () => window.clearInterval(timer);
  }, [isTicking]);
  return now;
}

/** Watch the runs while the element is on the screen: a panel that is hidden asks nothing. */
export function useWatched(runs: Runs): RefObject<HTMLDivElement> {
  const place = useRef<HTMLDivElement>(null);
  useEffect(() => {
    if (!place.current) {
      return;
    }
    let watch = null as ReturnType<Runs['watch']> | null;
    const observer = new IntersectionObserver(entries => {
      const isShown = entries[entries.length - 1]?.isIntersecting ?? false;
      if (isShown && !watch) {
        watch = runs.watch();
      } else if (!isShown) {
        watch?.dispose();
        watch = null;
      }
    });
    observer.observe(place.current);
    return () => {
      observer.disconnect();
      watch?.dispose();
    };
  }, [runs]);
  return place;
}
