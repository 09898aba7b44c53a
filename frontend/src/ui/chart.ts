/** Charts drawn by Chart.js in the colours of the theme, with the same figures as a table for those who cannot see them. */

import {
  BarController,
  BarElement,
  CategoryScale,
  Chart,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  ScatterController,
  Tooltip,
  type ChartConfiguration,
  type ChartType,
} from "chart.js";
import { h } from "./dom";

Chart.register(
  BarController,
  BarElement,
  CategoryScale,
  Legend,
  LinearScale,
  LineController,
  LineElement,
  LogarithmicScale,
  PointElement,
  ScatterController,
  Tooltip,
);

export interface ChartView<T extends ChartType> {
  readonly element: HTMLElement;
  /** Draw again with new data and options (not plugins); nothing moves that has not changed. */
  update(config: ChartConfiguration<T>): void;
  destroy(): void;
}

/**
 * `label` says what the chart shows. `configure` is called at once and again when the theme changes, so that colours
 * it reads from CSS variables fit. End it with `destroy`.
 */
export function chart<T extends ChartType>(
  label: string,
  configure: () => ChartConfiguration<T>,
): ChartView<T> {
  const canvas = h("canvas", { role: "img", "aria-label": label });
  const element = h("div.chart", null, canvas);
  let drawn: Chart<T> | null = null;
  let destroyed = false;
  const draw = () => {
    if (destroyed) return;
    drawn?.destroy();
    const style = getComputedStyle(document.documentElement);
    Chart.defaults.color = style.getPropertyValue("--bs-secondary-color").trim();
    Chart.defaults.borderColor = style.getPropertyValue("--bs-border-color").trim();
    Chart.defaults.font.family = style.getPropertyValue("--bs-body-font-family").trim();
    Chart.defaults.animation = false;
    Chart.defaults.maintainAspectRatio = false;
    drawn = new Chart<T>(canvas, configure());
  };
  const redraw = () => setTimeout(draw);
  document.addEventListener("yuanya:theme", redraw);
  // The size is known once the element is on the page.
  requestAnimationFrame(draw);
  return {
    element,
    update(config) {
      if (!drawn) return;
      drawn.data = config.data;
      if (config.options) drawn.options = config.options;
      drawn.update("none");
    },
    destroy() {
      destroyed = true;
      document.removeEventListener("yuanya:theme", redraw);
      drawn?.destroy();
    },
  };
}
