import type { Translation } from "..";
import type en from "../en/timeline";

const zh: Translation<typeof en> = {
  title: "timeline",
};

export default zh;
