import { memo } from "react";
import ReactMarkdown from "react-markdown";
import remarkGfm from "remark-gfm";

/**
 * Markdown of a model, which nobody vouches for: HTML in it stays text, and pictures stay links,
 * because loading one would tell another host that it was read.
 */
export default memo(function Markdown({ text }: { text: string }) {
  return (
    <ReactMarkdown
      remarkPlugins={[remarkGfm]}
      components={{
        a: ({ href, children }) => (
          <a href={href} target="_blank" rel="noreferrer noopener" className="link">
            {children}
          </a>
        ),
        img: ({ src, alt }) => (
          <a href={String(src)} target="_blank" rel="noreferrer noopener" className="link">
            {alt || String(src)}
          </a>
        ),
        pre: ({ children }) => <pre tabIndex={0}>{children}</pre>,
      }}
    >
      {text}
    </ReactMarkdown>
  );
});
