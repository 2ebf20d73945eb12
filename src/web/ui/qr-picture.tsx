import { useEffect, useState } from 'react';
import { Loading } from './page';

/** Light around the code, as the standard asks; without it many cameras find nothing. */
const quietZone = 4;

/** A QR code as one SVG path: sharp at any size, and dark on light in both themes, as cameras want it. */
export function QrPicture({ text, label }: { text: string; label: string }) {
  const [hasFailed, setFailed] = useState(false);
  const [picture, setPicture] = useState<{ path: string; size: number } | null>(null);
  useEffect(() => {
    let isCurrent = true;
    void import('qrcode').then(
      ({ create }) => {
        if (!isCurrent) return;
        const { modules } = create(text, { errorCorrectionLevel: 'M' });
        let path = '';
        for (let row = 0; row < modules.size; row++) {
          for (let column = 0; column < modules.size; column++) {
            if (modules.get(row, column)) path += `M${column + quietZone} ${row + quietZone}h1v1h-1z`;
          }
        }
        setPicture({ path, size: modules.size + 2 * quietZone });
      },
      () => setFailed(true),
    );
    return () => {
      isCurrent = false;
    };
  }, [text]);
  // For the boundary around the page, which offers to load it again.
  if (hasFailed) throw new Error('the code could not be drawn');
  if (!picture) return <Loading />;
  return (
    <svg
      className="qr-picture"
      viewBox={`0 0 ${picture.size} ${picture.size}`}
      role="img"
      aria-label={label}
      shapeRendering="crispEdges"
    >
      <rect width={picture.size} height={picture.size} fill="#fff" />
      <path d={picture.path} fill="#000" />
    </svg>
  );
}
