/** A device, as far as a request told: for people to recognise, not proof of anything. */
import Bowser from 'bowser';

export interface DeviceFacts {
  /** Such as `Firefox on Linux`. */
  readonly summary: string;
  readonly ipAddress: string | null;
  readonly approximateLocation: string | null;
}

/** Browser and system in a few words; a user agent that tells nothing is an unknown device. */
export function describeDevice(
  userAgent: string | null,
  ip: string | null,
  approximateLocation: string | null = null,
): DeviceFacts {
  return { summary: summarize(userAgent), ipAddress: ip, approximateLocation };
}

function summarize(userAgent: string | null): string {
  if (!userAgent) return 'Unknown device';
  const { browser, os } = Bowser.parse(userAgent);
  const names = [browser.name, os.name].filter((name): name is string => !!name);
  return names.length > 0 ? names.join(' on ') : 'Unknown device';
}
