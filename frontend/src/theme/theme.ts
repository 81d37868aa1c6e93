/**
 * The Mantine theme. It holds no colour of its own: every value is a token from tokens.css,
 * so light, dark and a site's own accent change in one place.
 *
 * tokens.css reads `data-theme` on <html>; `colorSchemeManager` keeps it equal to Mantine's scheme.
 * Components are configured by name, not by import, so that each loads with the page that uses it.
 */
import {
  type CSSVariablesResolver,
  createTheme,
  localStorageColorSchemeManager,
  type MantineColorScheme,
  type MantineColorSchemeManager,
  type MantineColorsTuple,
} from "@mantine/core";

const ember: MantineColorsTuple = [
  "#fdf3ec",
  "#fbeae0",
  "#f3cdb5",
  "#ecc3aa",
  "#f0834a",
  "#de7a3a",
  "#c9541b",
  "#b5440c",
  "#98380a",
  "#7a2c07",
];

/** Mantine paints some surfaces from its greys; these two make them ash and pine-soot. */
const gray: MantineColorsTuple = [
  "#f7f8f6",
  "#f3f5f2",
  "#e9ede8",
  "#e0e4df",
  "#c7cec7",
  "#838d86",
  "#626c66",
  "#48524c",
  "#2f3833",
  "#18201c",
];
const dark: MantineColorsTuple = [
  "#e9eeeb",
  "#c9d2cd",
  "#929d96",
  "#6f7c75",
  "#3c4741",
  "#1d2621",
  "#171e1a",
  "#0f1512",
  "#0b110e",
  "#070b09",
];

export const theme = createTheme({
  primaryColor: "ember",
  primaryShade: { light: 7, dark: 4 },
  colors: { ember, gray, dark },
  fontFamily: "var(--font-text)",
  fontFamilyMonospace: "var(--font-mono)",
  fontSizes: {
    xs: "var(--text-xs)",
    sm: "var(--text-sm)",
    md: "var(--text-md)",
    lg: "var(--text-lg)",
    xl: "var(--text-xl)",
  },
  lineHeights: { sm: "1.4", md: "1.5" },
  headings: {
    fontWeight: "650",
    sizes: {
      h1: { fontSize: "var(--text-xl)", lineHeight: "1.25" },
      h2: { fontSize: "var(--text-md)", lineHeight: "1.5" },
      h3: { fontSize: "var(--text-sm)", lineHeight: "1.5" },
    },
  },
  spacing: {
    xs: "var(--space-2)",
    sm: "var(--space-3)",
    md: "var(--space-4)",
    lg: "var(--space-6)",
    xl: "var(--space-8)",
  },
  radius: {
    sm: "var(--radius-sm)",
    md: "var(--radius-md)",
    lg: "var(--radius-lg)",
    xl: "var(--radius-xl)",
  },
  defaultRadius: "md",
  cursorType: "pointer",
  focusRing: "auto",
  respectReducedMotion: true,
  components: {
    Modal: { defaultProps: { radius: "xl", centered: true, transitionProps: { duration: 120 } } },
    Drawer: { defaultProps: { position: "right", transitionProps: { duration: 120 } } },
    Menu: {
      defaultProps: { position: "bottom-end", shadow: "none", transitionProps: { duration: 0 } },
    },
    Tooltip: { defaultProps: { openDelay: 300, withArrow: true, multiline: true, maw: 320 } },
    TextInput: { defaultProps: { size: "sm" } },
    PasswordInput: { defaultProps: { size: "sm" } },
    NumberInput: { defaultProps: { size: "sm" } },
    Textarea: { defaultProps: { size: "sm" } },
    Select: { defaultProps: { size: "sm", allowDeselect: false, checkIconPosition: "right" } },
    MultiSelect: { defaultProps: { size: "sm" } },
    FileInput: { defaultProps: { size: "sm" } },
    Checkbox: { defaultProps: { size: "xs", color: "ember" } },
    Radio: { defaultProps: { size: "xs", color: "ember" } },
    Switch: { defaultProps: { size: "sm", color: "ember", withThumbIndicator: false } },
    Slider: { defaultProps: { size: "sm", color: "ember" } },
  },
});

const fromTokens = {
  "--mantine-color-body": "var(--bg)",
  "--mantine-color-text": "var(--ink)",
  "--mantine-color-dimmed": "var(--ink-3)",
  "--mantine-color-placeholder": "var(--ink-3)",
  "--mantine-color-anchor": "var(--ember-ink)",
  "--mantine-color-error": "var(--bad)",
  "--mantine-color-default": "var(--surface)",
  "--mantine-color-default-hover": "var(--surface-hover)",
  "--mantine-color-default-color": "var(--ink)",
  "--mantine-color-default-border": "var(--line-strong)",
  "--mantine-color-ember-filled": "var(--ember)",
  "--mantine-color-ember-filled-hover": "var(--ember-hover)",
  "--mantine-color-ember-light": "var(--ember-soft)",
  "--mantine-color-ember-light-color": "var(--ember-ink)",
  "--mantine-primary-color-contrast": "var(--ember-on)",
  "--mantine-color-disabled": "var(--surface-sunken)",
  "--mantine-color-disabled-color": "var(--ink-3)",
  "--mantine-color-disabled-border": "var(--line)",
};

export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: fromTokens,
  dark: fromTokens,
});

const stored = localStorageColorSchemeManager({ key: "hearth-theme" });

function paint(scheme: MantineColorScheme): void {
  const dark =
    scheme === "dark" || (scheme === "auto" && matchMedia("(prefers-color-scheme: dark)").matches);
  document.documentElement.dataset.theme = dark ? "dark" : "light";
}

export const colorSchemeManager: MantineColorSchemeManager = {
  ...stored,
  get: (fallback) => {
    const scheme = stored.get(fallback);
    paint(scheme);
    return scheme;
  },
  set: (scheme) => {
    paint(scheme);
    stored.set(scheme);
  },
  subscribe: (onUpdate) => {
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () =>
      paint(stored.get("auto")),
    );
    stored.subscribe((scheme) => {
      paint(scheme);
      onUpdate(scheme);
    });
  },
};
