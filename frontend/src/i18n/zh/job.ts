import type { Translation } from "..";
import type en from "../en/job";

const zh: Translation<typeof en> = {
  title: "job",
};

export default zh;
