/** The sign: a hearth with a fire in it. */
export function Flame({ size }: { size: number }) {
  return (
    <svg width={size} height={size} viewBox="0 0 30 30" aria-hidden="true">
      <path
        d="M4 27V13a11 11 0 0 1 22 0v14M2 27h26"
        fill="none"
        stroke="#eef2ef"
        strokeWidth="2.6"
        strokeLinecap="round"
      />
      <path
        d="M15 9.5c.6 3 5 4.7 5 9.3a5 5 0 0 1-10 0c0-2.4 1.3-3.6 2.3-5 .4 1.2 1 1.7 1.7 2 .2-2.2.2-4.2 1-6.3z"
        fill="#f08a4f"
      />
      <path d="M15.2 17c.3 1.4 2 2 2 4a2.2 2.2 0 0 1-4.4 0c0-1.8 1.7-2.2 2.4-4z" fill="#ffd9a8" />
    </svg>
  );
}
