import type { Translation } from "..";
import type en from "../en/jobs";

const zh: Translation<typeof en> = {
  title: "jobs",
};

export default zh;
