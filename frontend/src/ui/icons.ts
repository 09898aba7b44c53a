/** The icons of the console, from bootstrap-icons: only those named here get into the bundle. */

import alertTriangle from "bootstrap-icons/icons/exclamation-triangle.svg?raw";
import arrowClockwise from "bootstrap-icons/icons/arrow-clockwise.svg?raw";
import arrowCounterclockwise from "bootstrap-icons/icons/arrow-counterclockwise.svg?raw";
import arrowDown from "bootstrap-icons/icons/arrow-bar-down.svg?raw";
import arrowRepeat from "bootstrap-icons/icons/arrow-repeat.svg?raw";
import boxArrowRight from "bootstrap-icons/icons/box-arrow-right.svg?raw";
import boxArrowUpRight from "bootstrap-icons/icons/box-arrow-up-right.svg?raw";
import calendar3 from "bootstrap-icons/icons/calendar3.svg?raw";
import check from "bootstrap-icons/icons/check-lg.svg?raw";
import checkCircle from "bootstrap-icons/icons/check-circle-fill.svg?raw";
import chevronDown from "bootstrap-icons/icons/chevron-down.svg?raw";
import chevronLeft from "bootstrap-icons/icons/chevron-left.svg?raw";
import chevronRight from "bootstrap-icons/icons/chevron-right.svg?raw";
import chevronUp from "bootstrap-icons/icons/chevron-up.svg?raw";
import circleHalf from "bootstrap-icons/icons/circle-half.svg?raw";
import clock from "bootstrap-icons/icons/clock.svg?raw";
import clockHistory from "bootstrap-icons/icons/clock-history.svg?raw";
import copy from "bootstrap-icons/icons/copy.svg?raw";
import dashCircle from "bootstrap-icons/icons/dash-circle.svg?raw";
import dots from "bootstrap-icons/icons/three-dots-vertical.svg?raw";
import download from "bootstrap-icons/icons/download.svg?raw";
import eye from "bootstrap-icons/icons/eye.svg?raw";
import eyeSlash from "bootstrap-icons/icons/eye-slash.svg?raw";
import filter from "bootstrap-icons/icons/funnel.svg?raw";
import gear from "bootstrap-icons/icons/gear.svg?raw";
import globe from "bootstrap-icons/icons/translate.svg?raw";
import grid from "bootstrap-icons/icons/grid-3x3.svg?raw";
import hdd from "bootstrap-icons/icons/hdd-stack.svg?raw";
import hourglass from "bootstrap-icons/icons/hourglass-split.svg?raw";
import info from "bootstrap-icons/icons/info-circle.svg?raw";
import journal from "bootstrap-icons/icons/journal-text.svg?raw";
import key from "bootstrap-icons/icons/key.svg?raw";
import keyboard from "bootstrap-icons/icons/keyboard.svg?raw";
import link from "bootstrap-icons/icons/link-45deg.svg?raw";
import list from "bootstrap-icons/icons/list.svg?raw";
import listCheck from "bootstrap-icons/icons/list-check.svg?raw";
import moon from "bootstrap-icons/icons/moon-stars.svg?raw";
import pause from "bootstrap-icons/icons/pause-fill.svg?raw";
import pencil from "bootstrap-icons/icons/pencil.svg?raw";
import people from "bootstrap-icons/icons/people.svg?raw";
import personCircle from "bootstrap-icons/icons/person-circle.svg?raw";
import play from "bootstrap-icons/icons/play-fill.svg?raw";
import plus from "bootstrap-icons/icons/plus-lg.svg?raw";
import search from "bootstrap-icons/icons/search.svg?raw";
import sliders from "bootstrap-icons/icons/sliders.svg?raw";
import speedometer from "bootstrap-icons/icons/speedometer2.svg?raw";
import stop from "bootstrap-icons/icons/stop-fill.svg?raw";
import sun from "bootstrap-icons/icons/sun.svg?raw";
import tag from "bootstrap-icons/icons/tag.svg?raw";
import textWrap from "bootstrap-icons/icons/text-wrap.svg?raw";
import trash from "bootstrap-icons/icons/trash.svg?raw";
import upload from "bootstrap-icons/icons/upload.svg?raw";
import wifiOff from "bootstrap-icons/icons/wifi-off.svg?raw";
import x from "bootstrap-icons/icons/x-lg.svg?raw";
import xCircle from "bootstrap-icons/icons/x-circle-fill.svg?raw";
import { svg } from "./dom";

const SOURCES = {
  alertTriangle,
  arrowClockwise,
  arrowCounterclockwise,
  arrowDown,
  arrowRepeat,
  boxArrowRight,
  boxArrowUpRight,
  calendar3,
  check,
  checkCircle,
  chevronDown,
  chevronLeft,
  chevronRight,
  chevronUp,
  circleHalf,
  clock,
  clockHistory,
  copy,
  dashCircle,
  dots,
  download,
  eye,
  eyeSlash,
  filter,
  gear,
  globe,
  grid,
  hdd,
  hourglass,
  info,
  journal,
  key,
  keyboard,
  link,
  list,
  listCheck,
  moon,
  pause,
  pencil,
  people,
  personCircle,
  play,
  plus,
  search,
  sliders,
  speedometer,
  stop,
  sun,
  tag,
  textWrap,
  trash,
  upload,
  wifiOff,
  x,
  xCircle,
};

export type IconName = keyof typeof SOURCES;

const PATHS = Object.fromEntries(
  Object.entries(SOURCES).map(([name, source]) => [
    name,
    [...source.matchAll(/<path\b[^>]*?\sd="([^"]+)"/g)].map((match) => match[1] ?? ""),
  ]),
) as Record<IconName, string[]>;

/** Decorative: whatever it stands for is also said in words (a text, a title or an aria-label). */
export function icon(name: IconName, classes = ""): SVGSVGElement {
  return svg(
    "svg",
    {
      class: `icon ${classes}`,
      viewBox: "0 0 16 16",
      width: 16,
      height: 16,
      fill: "currentColor",
      "fill-rule": "evenodd",
      "aria-hidden": "true",
    },
    PATHS[name].map((d) => svg("path", { d })),
  );
}
