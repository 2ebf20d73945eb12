/** The few pictures the pages use, drawn with the colour of the text around them. */
const paths = {
  error: 'M12 8v5m0 3.2v.1M12 3 2.5 20h19z',
  success: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0ZM8 12.3l2.8 2.8L16.2 9.5',
  info: 'M21 12a9 9 0 1 1-18 0 9 9 0 0 1 18 0ZM12 11v5m0-8.3v.1',
  warning: 'M12 8v5m0 3.2v.1M12 3 2.5 20h19z',
  check: 'm5 12.5 4.5 4.5L19 7.5',
  cross: 'm6 6 12 12M18 6 6 18',
  dot: 'M12 12h.01M15 12a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z',
  eye: 'M2.5 12S6 5.5 12 5.5 21.5 12 21.5 12 18 18.5 12 18.5 2.5 12 2.5 12ZM15 12a3 3 0 1 1-6 0 3 3 0 0 1 6 0Z',
  eyeOff:
    'M4 4l16 16M9.9 5.8A9 9 0 0 1 12 5.5c6 0 9.5 6.5 9.5 6.5a16 16 0 0 1-3 3.7M6.3 7.6A15.6 15.6 0 0 0 2.5 12S6 18.5 12 18.500a9 9 0 0 0 4-.9M10 10a3 3 0 0 0 4.1 4.2',
  key: 'M13 12a4.5 4.5 0 1 1-9 0 4.5 4.5 0 0 1 9 0ZM13 12h8m-3.5 0v3.8',
  mail: 'M3.5 6h17v12h-17zM4 6.500l8 6.5 8-6.5',
  qr: 'M4 4h6v6H4zM14 4h6v6h-6zM4 14h6v6H4zM14 14h2.500v2.500M20 14v3m-3 3h3m-6 0h.01',
  device: 'M4 5h16v11H4zM2 19.500h20',
  back: 'M19 12H5m6-6-6 6 6 6',
  flag: 'M5 21V4m0 1h12l-2.5 4L17 13H5',
};

export type IconName = keyof typeof paths;

export function Icon({ name }: { name: IconName }) {
  return (
    <svg
      className="icon"
      viewBox="0 0 24 24"
      fill="none"
      stroke="currentColor"
      strokeWidth="1.9"
      strokeLinecap="round"
      strokeLinejoin="round"
      aria-hidden="true"
      focusable="false"
    >
      <path d={paths[name]} />
    </svg>
  );
}

export function BrandMark() {
  return (
    <svg className="brand-mark" viewBox="0 0 32 32" aria-hidden="true" focusable="false">
      <g fill="none" stroke="currentColor" strokeWidth="2.6" strokeLinecap="round" strokeLinejoin="round">
        <circle cx="11.5" cy="16" r="4.6" />
        <path d="M16.1 16H26M22.4 16v4.2" />
      </g>
    </svg>
  );
}
