export default {
  title: "runs",
};
