export default {
  title: "run",
};
