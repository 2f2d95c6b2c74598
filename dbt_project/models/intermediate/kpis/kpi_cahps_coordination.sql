{{ cahps_top_box('coordination') }}
