{{ cahps_top_box('access') }}
