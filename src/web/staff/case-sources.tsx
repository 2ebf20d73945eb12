import { staffTexts } from '#texts/staff';
import type { StaffEventFragment } from '../generated/staff/graphql';
import { DataTable } from './parts';

const words = staffTexts.casePage;

interface Source {
  address: string;
  place: string | null;
  devices: Set<string>;
  events: number;
}

/** Where the events came from, the busiest source first. */
export function CaseSources({ events }: { events: readonly StaffEventFragment[] }) {
  const sources = sourcesOf(events);
  if (sources.length === 0) return <p className="soft">{words.noSources}</p>;
  return (
    <DataTable
      label={words.sources}
      rows={sources}
      rowKey={(source) => source.address}
      columns={[
        { name: words.source, cell: (source) => <span className="mono">{source.address}</span> },
        { name: words.place, cell: (source) => source.place ?? staffTexts.unknown },
        { name: words.devices, cell: (source) => [...source.devices].join(', ') },
        { name: words.events, cell: (source) => source.events },
      ]}
    />
  );
}

function sourcesOf(events: readonly StaffEventFragment[]): Source[] {
  const sources = new Map<string, Source>();
  for (const { device } of events) {
    if (!device?.ipAddress) continue;
    const source = sources.get(device.ipAddress) ?? {
      address: device.ipAddress,
      place: device.approximateLocation,
      devices: new Set<string>(),
      events: 0,
    };
    source.devices.add(device.summary);
    source.events += 1;
    sources.set(device.ipAddress, source);
  }
  return [...sources.values()].sort((a, b) => b.events - a.events);
}
