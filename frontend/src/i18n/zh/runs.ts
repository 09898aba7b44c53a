import type { Translation } from "..";
import type en from "../en/runs";

const zh: Translation<typeof en> = {
  title: "runs",
};

export default zh;
