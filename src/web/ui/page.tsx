import { useEffect, useRef, type ReactNode } from 'react';
import { Link, NavLink } from 'react-router';
import { texts } from '#texts/entry';
import { BrandMark } from './icon';

let pagesShown = 0;

/** The heading of a page. It takes the focus when the page was reached by a link, so that screen readers announce it. */
export function Heading({ children, title }: { children: ReactNode; title?: string }) {
  const heading = useRef<HTMLHeadingElement>(null);
  const name = title ?? String(children);
  useEffect(() => {
    pagesShown += 1;
    const hasFocus = document.activeElement && document.activeElement !== document.body;
    if (pagesShown > 1 && !hasFocus) heading.current?.focus();
  }, [name]);
  return (
    <>
      <title>{`${name} · ${texts.product}`}</title>
      <h1 ref={heading} tabIndex={-1}>
        {children}
      </h1>
    </>
  );
}

export function Brand() {
  return (
    <Link to="/" className="brand">
      <BrandMark />
      {texts.product}
    </Link>
  );
}

export function SkipLink() {
  return (
    <a
      className="skip-link"
      href="#main"
      onClick={(event) => {
        // Not by the fragment: that place in the address belongs to tokens.
        event.preventDefault();
        document.getElementById('main')?.focus();
      }}
    >
      {texts.skipToContent}
    </a>
  );
}

interface EntryPageProps {
  title: string;
  intro?: ReactNode;
  children: ReactNode;
  foot?: ReactNode;
}

/** The frame of the pages that need no sign-in: one card, one thing to do. */
export function EntryPage({ title, intro, children, foot }: EntryPageProps) {
  return (
    <div className="entry">
      <header className="entry-head">
        <Brand />
      </header>
      <main className="entry-card stack loose" id="main" tabIndex={-1}>
        <div className="stack tight">
          <Heading>{title}</Heading>
          {intro && <div className="soft">{intro}</div>}
        </div>
        {children}
      </main>
      <footer className="entry-foot">{foot}</footer>
    </div>
  );
}

export function Tab({ to, end, children }: { to: string; end?: boolean; children: ReactNode }) {
  return (
    <NavLink to={to} end={end ?? false}>
      {children}
    </NavLink>
  );
}

export function Loading() {
  return (
    <div className="loading" role="status">
      <span className="spinner" aria-hidden="true" />
      {texts.loading}
    </div>
  );
}
