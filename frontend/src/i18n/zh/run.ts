import type { Translation } from "..";
import type en from "../en/run";

const zh: Translation<typeof en> = {
  title: "run",
};

export default zh;
