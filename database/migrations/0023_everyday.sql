-- The views of the real world keep the columns that they were made with: made anew for those that came since.
SELECT refresh_everyday();
