import { useQuery } from '@apollo/client/react';
import { useState } from 'react';
import { accountTexts } from '#texts/account';
import { texts } from '#texts/entry';
import { shortTime } from '../core/time';
import {
  RecentActivityDocument,
  ReportSecurityEventDocument,
  type EventFactsFragment,
} from '../generated/account/graphql';
import { Absent } from '../ui/absent';
import { Button } from '../ui/button';
import { ConfirmDialog } from '../ui/dialog';
import { Notice, ProblemNotice } from '../ui/notice';
import { Ago } from '../ui/time';
import { Section } from './section';
import { useAction } from './use-action';

const words = accountTexts.security.activity;
const nameOf = (event: EventFactsFragment) => accountTexts.events[event.kind] ?? event.kind;

export function ActivitySection() {
  const { data, loading, fetchMore, refetch } = useQuery(RecentActivityDocument, { fetchPolicy: 'cache-and-network' });
  const [asked, setAsked] = useState<EventFactsFragment | null>(null);
  const [reportedTo, setReportedTo] = useState<string | null>(null);
  const { act, problem, clearProblem } = useAction();
  const events = data?.viewer?.securityEvents;

  const report = async (event: EventFactsFragment) => {
    const outcome = await act(ReportSecurityEventDocument, { input: { eventId: event.id } });
    if (outcome?.__typename !== 'ReportSecurityEventSuccess') return false;
    setReportedTo(outcome.delivery.maskedDestination);
    void refetch();
    return true;
  };
  return (
    <Section id="activity" title={words.title} intro={words.intro}>
      {reportedTo && <Notice tone="success">{words.reported(reportedTo)}</Notice>}
      {!events && <Absent isLoading={loading} onRetry={refetch} />}
      {events?.nodes.length === 0 && <p className="soft">{words.none}</p>}
      {events && events.nodes.length > 0 && (
        <ul className="list card compact">
          {events.nodes.map((event) => (
            <li key={event.id}>
              <div className="facts">
                <p className="name">
                  {nameOf(event)}
                  {event.byStaff && <span className="badge info">{words.byStaff}</span>}
                </p>
                <p className="soft small">
                  <Ago at={event.occurredAt} />
                  {event.device && ` · ${event.device.summary}`}
                  {event.device?.approximateLocation && ` · ${event.device.approximateLocation}`}
                </p>
              </div>
              {!event.byStaff && (
                <Button
                  look="quiet"
                  size="small"
                  aria-label={words.notMeLabel(nameOf(event), shortTime(event.occurredAt))}
                  onClick={() => {
                    clearProblem();
                    setAsked(event);
                  }}
                >
                  {words.notMe}
                </Button>
              )}
            </li>
          ))}
        </ul>
      )}
      {events?.pageInfo.hasNextPage && (
        <div>
          <Button
            look="quiet"
            size="small"
            onClick={() => void fetchMore({ variables: { after: events.pageInfo.endCursor } })}
          >
            {texts.showMore}
          </Button>
        </div>
      )}
      {asked && (
        <ConfirmDialog
          title={words.notMeTitle}
          text={words.notMeText}
          action={words.report}
          onConfirm={() => report(asked)}
          onClose={() => setAsked(null)}
        >
          <p>
            <strong>{nameOf(asked)}</strong>, {shortTime(asked.occurredAt)}
          </p>
          <ProblemNotice problem={problem} />
        </ConfirmDialog>
      )}
    </Section>
  );
}
