export default {
  title: "workers",
};
