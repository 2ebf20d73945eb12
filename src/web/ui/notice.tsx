import { useEffect, useRef, type ReactNode } from 'react';
import { texts } from '#texts/entry';
import { showBanner, useBanner } from '../core/banners';
import { problemText, type ProblemLike } from '../core/problems';
import { Icon } from './icon';

type Tone = 'error' | 'success' | 'info' | 'warning';

/** A message in the flow of the page, spoken at once when it is an error and politely otherwise. */
export function Notice({ tone, children }: { tone: Tone; children: ReactNode }) {
  return (
    <div className={`notice fade-in ${tone}`} role={tone === 'error' ? 'alert' : 'status'}>
      <Icon name={tone} />
      <div className="stack tight">{children}</div>
    </div>
  );
}

/** The catch-all for problems, this version's and later ones'. Field errors are shown at their fields instead. */
export function ProblemNotice({
  problem,
  children,
}: {
  problem: ProblemLike | null | undefined;
  children?: ReactNode;
}) {
  if (!problem) return null;
  return (
    <Notice tone="error">
      <p>{problemText(problem)}</p>
      {children}
    </Notice>
  );
}

/** Where failures of the whole service are told, whatever page or dialog is open. */
export function BannerPlace() {
  const banner = useBanner();
  const place = useRef<HTMLDivElement>(null);
  // A modal dialog covers the rest of the page: as a popover, the banner lies above it.
  useEffect(() => {
    const node = place.current;
    if (!node || typeof node.showPopover !== 'function') return;
    if (node.matches(':popover-open')) node.hidePopover();
    if (banner) node.showPopover();
  }, [banner]);
  return (
    <div className="banner-place" role="region" aria-label={texts.faults.place} popover="manual" ref={place}>
      {banner && (
        <div className={`notice banner fade-in ${banner.tone}`} role={banner.tone === 'error' ? 'alert' : 'status'}>
          <Icon name={banner.tone} />
          <p>{banner.text}</p>
          <button
            type="button"
            className="icon-button"
            aria-label={texts.faults.dismiss}
            onClick={() => showBanner(null)}
          >
            <Icon name="cross" />
          </button>
        </div>
      )}
    </div>
  );
}
