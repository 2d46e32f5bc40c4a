/** Colours and measures. Text keeps at least 4.5:1 to what it stands on, in both themes. */
import {
  type CSSVariablesResolver,
  createTheme,
  defaultVariantColorsResolver,
  type MantineColorsTuple,
  type VariantColorsResolver,
} from "@mantine/core";
import { common } from "@/strings/common";

/** The blue of the product, from the lightest to the darkest. */
const pilot: MantineColorsTuple = [
  "#eaf3fc",
  "#d3e3f4",
  "#a5c5e8",
  "#74a5dc",
  "#4c8ad2",
  "#337acc",
  "#2571ca",
  "#1a60b3",
  "#1f5fa8",
  "#134a87",
];

/** Between good and bad: dark enough at its end to be read on its light beginning. */
const amber: MantineColorsTuple = [
  "#fff8e1",
  "#ffecb3",
  "#ffe08a",
  "#ffd35c",
  "#f5c13b",
  "#d99c1a",
  "#b77c08",
  "#966200",
  "#7d5200",
  "#664200",
];

/**
 * What is tinted lightly says what it says in the darkest tone by day, and in a light one by night; what is
 * filled with a colour of its own is dark enough for white letters, by day and by night.
 */
const variantColorResolver: VariantColorsResolver = (input) => {
  const resolved = defaultVariantColorsResolver(input);
  const colour = input.color ?? input.theme.primaryColor;
  if (!(colour in input.theme.colors)) return resolved;
  const darkest = `var(--mantine-color-${colour}-9)`;
  if (input.variant === "light")
    return {
      ...resolved,
      background: `light-dark(var(--mantine-color-${colour}-1), color-mix(in srgb, ${darkest} 35%, var(--mantine-color-dark-7)))`,
      color: `light-dark(color-mix(in srgb, ${darkest} 75%, black), var(--mantine-color-${colour}-2))`,
    };
  if (input.variant === "filled" && colour !== input.theme.primaryColor)
    return {
      ...resolved,
      background: `color-mix(in srgb, ${darkest} 90%, black)`,
      hover: `color-mix(in srgb, ${darkest} 75%, black)`,
      color: "var(--mantine-color-white)",
    };
  return resolved;
};

export const cssVariablesResolver: CSSVariablesResolver = () => ({
  variables: {},
  light: { "--mantine-color-dimmed": "#52585f", "--mantine-color-placeholder": "#666d75" },
  dark: {
    "--mantine-color-dimmed": "#adb1b8",
    "--mantine-color-placeholder": "#9aa0a6",
    "--mantine-color-anchor": "var(--mantine-color-pilot-3)",
    "--mantine-color-red-filled": "var(--mantine-color-red-9)",
  },
});

const CLOSE = { "aria-label": common.close };
const AT_ONCE = { duration: 0 };

export const theme = createTheme({
  primaryColor: "pilot",
  primaryShade: { light: 8, dark: 7 },
  colors: { pilot, amber },
  variantColorResolver,
  autoContrast: true,
  luminanceThreshold: 0.32,
  defaultRadius: "md",
  fontFamily: "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
  fontFamilyMonospace: "ui-monospace, 'SF Mono', Menlo, Consolas, monospace",
  headings: { fontWeight: "650" },
  components: {
    Badge: { defaultProps: { tt: "none", fw: 600 } },
    Modal: { defaultProps: { closeButtonProps: CLOSE, transitionProps: AT_ONCE } },
    Drawer: { defaultProps: { closeButtonProps: CLOSE, transitionProps: AT_ONCE } },
    Notification: { defaultProps: { closeButtonProps: CLOSE } },
    Tooltip: { defaultProps: { withArrow: true, openDelay: 200 } },
  },
});
