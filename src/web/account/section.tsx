import type { ReactNode } from 'react';
import type { SecuritySettingsQuery } from '../generated/account/graphql';

export type Settings = NonNullable<SecuritySettingsQuery['viewer']>;
export type Features = NonNullable<SecuritySettingsQuery['securityFeatures']>;
export type Policy = NonNullable<SecuritySettingsQuery['passwordPolicy']>;

/** One part of the Security tab: what it is about at the left, what to do at the right. */
export function Section({
  id,
  title,
  intro,
  children,
}: {
  id: string;
  title: string;
  intro: string;
  children: ReactNode;
}) {
  return (
    <section className="section" id={id} aria-labelledby={`${id}-title`}>
      <header>
        <h2 id={`${id}-title`} tabIndex={-1}>
          {title}
        </h2>
        <p className="soft small">{intro}</p>
      </header>
      <div className="stack">{children}</div>
    </section>
  );
}
